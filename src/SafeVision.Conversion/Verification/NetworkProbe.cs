using Microsoft.ML.OnnxRuntime;
using SafeVision.Models;

namespace SafeVision.Conversion.Verification;

/// <summary>An input that a model's golden is made from.</summary>
/// <param name="Golden">The golden without its outputs.</param>
/// <param name="Inputs">The input of one item, by name.</param>
internal sealed record NetworkProbe(ModelGolden Golden, IReadOnlyDictionary<string, double[]> Inputs)
{
    /// <summary>Noise, for a network that takes pictures.</summary>
    public static NetworkProbe Noise(int number, string input, int size, string output)
    {
        int[] shape = [1, 3, size, size];
        float[] values = GoldenInput.Create((ulong)number, 3 * size * size);
        return new NetworkProbe(
            new ModelGolden { Name = $"noise-{number}", Seed = (ulong)number, Shape = shape, Output = output },
            new Dictionary<string, double[]> { [input] = [.. values.Select(value => (double)value)] });
    }

    /// <summary>A text, for a network that takes tokens.</summary>
    public static NetworkProbe Tokens(int number, string text, IReadOnlyList<int> ids, string output) => new(
        new ModelGolden { Name = $"text-{number}", Text = text, Output = output },
        new Dictionary<string, double[]> { ["input_ids"] = [.. ids.Select(id => (double)id)], ["attention_mask"] = [.. ids.Select(_ => 1.0)] });

    /// <summary>One input of several probes as a batch, shorter ones filled up with zeros.</summary>
    public static OrtValue Batch(IReadOnlyList<NetworkProbe> probes, string input, IReadOnlyList<int> itemShape)
    {
        int length = probes.Max(probe => probe.Inputs[input].Length);
        double[] values = new double[probes.Count * length];
        for (int i = 0; i < probes.Count; i++)
        {
            probes[i].Inputs[input].CopyTo(values.AsSpan(i * length));
        }

        return itemShape.Count == 3
            ? OrtValue.CreateTensorValueFromMemory(values.Select(value => (float)value).ToArray(), [probes.Count, .. itemShape.Select(size => (long)size)])
            : OrtValue.CreateTensorValueFromMemory(values.Select(value => (long)value).ToArray(), [probes.Count, length]);
    }
}

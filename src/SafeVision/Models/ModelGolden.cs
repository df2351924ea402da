namespace SafeVision.Models;

/// <summary>The inputs of an image model's goldens, made from a seed so that they need not be stored: number i is the upper 24 bits
/// of SplitMix64(seed + (i + 1) · 0x9E3779B97F4A7C15), divided by 2^24, so it lies in [0, 1) and is exact in float32 (Steele, Lea,
/// Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).</summary>
public static class GoldenInput
{
    /// <summary>Numbers in [0, 1).</summary>
    public static float[] Create(ulong seed, int length)
    {
        float[] values = new float[length];
        foreach (ref float value in values.AsSpan())
        {
            seed += 0x9E3779B97F4A7C15;
            ulong z = seed;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            value = ((z ^ (z >> 31)) >> 40) * (1f / (1 << 24));
        }

        return values;
    }

    /// <summary>The same stretched to [-1, 1), as vision-language models take it.</summary>
    public static float[] CreateSigned(ulong seed, int length)
    {
        float[] values = Create(seed, length);
        foreach (ref float value in values.AsSpan())
        {
            value = (value * 2) - 1;
        }

        return values;
    }

    /// <summary>The golden's output on a session.</summary>
    internal static float[] Run(InferenceSession session, ModelManifest manifest, ModelGolden golden)
    {
        long[] shape = [.. golden.Shape.Select(size => (long)size)];
        float[] input = Create(golden.Seed, checked((int)shape.Aggregate(1L, (product, size) => product * size)));
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(input, shape);
        return Run(session, manifest, golden, manifest.Input, value);
    }

    /// <summary>The golden's output for an input that is not made from a seed.</summary>
    internal static float[] Run(InferenceSession session, ModelManifest manifest, ModelGolden golden, string input, OrtValue value)
    {
        using var options = new RunOptions();
        try
        {
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, [input], [value], [golden.Output]);
            return outputs[0].GetTensorDataAsSpan<float>().ToArray();
        }
        catch (OnnxRuntimeException exception)
        {
            throw new Inference.ModelLoadException($"{manifest.Id}: the golden '{golden.Name}' can't be run. {exception.Message}", exception);
        }
    }

    /// <summary>Runs all goldens of an image model, one after the other; null when it has none.</summary>
    internal static Func<InferenceSession, float[]>? ProbeOf(ModelManifest manifest) => manifest.Goldens.Count == 0
        ? null
        : session => [.. manifest.Goldens.SelectMany(golden => Run(session, manifest, golden))];
}

/// <summary>A known answer of a model.</summary>
public sealed record ModelGolden
{
    /// <summary>For messages.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The seed that the input is made from .</summary>
    public ulong Seed { get; init; }

    /// <summary>The input's shape.</summary>
    public IReadOnlyList<int> Shape { get; init => field = value ?? []; } = [];

    /// <summary>The name of the graph's output that was recorded.</summary>
    public string Output { get; init => field = value ?? ""; } = "";

    /// <summary>The first numbers of that output.</summary>
    public IReadOnlyList<float> Outputs { get; init => field = value ?? []; } = [];

    /// <summary>Further inputs by name, lists of whole numbers (vision-language models).</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Inputs { get; init => field = value ?? ReadOnlyDictionary<string, IReadOnlyList<long>>.Empty; } = ReadOnlyDictionary<string, IReadOnlyList<long>>.Empty;

    /// <summary>How far another processor may be from the numbers, relative to the largest; null: <see cref="ModelSelfTest.Tolerance"/>.</summary>
    public double? Tolerance { get; init; }

    /// <summary>Numbers in [-1, 1) made from <see cref="Seed"/>: the input of a vision-language model's golden.</summary>
    /// <param name="length">How many.</param>
    public float[] CreateSignedInput(int length) => GoldenInput.CreateSigned(Seed, length);
}

using System.Text.Json;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// The ways in which rotary positions are stretched to texts longer than those of the first training (transformers,
/// modeling_rope_utils.py).
/// </summary>
/// <param name="scaling">The configuration's <c>rope_scaling</c> or <c>rope_parameters</c>.</param>
/// <param name="theta">The base of the frequencies.</param>
/// <param name="trained">How many positions the first training had, where <paramref name="scaling"/> does not say.</param>
/// <param name="positions">How many positions the model knows now.</param>
/// <param name="where">For messages.</param>
internal sealed class RotaryScaling(JsonElement scaling, double theta, int trained, int positions, string where)
{
    /// <summary>Changes the frequencies; returns what cosines and sines are multiplied by, and up to which position all this holds.</summary>
    /// <exception cref="CheckpointException">The kind is not known, or a number does not fit it.</exception>
    public (double Magnitude, int Positions) Apply(float[] frequencies)
    {
        if (scaling.EnumerateObject().FirstOrDefault(property => property.Value.ValueKind == JsonValueKind.Object) is { Value.ValueKind: JsonValueKind.Object } part)
        {
            throw new CheckpointException($"{where}: '{part.Name}' has rotary parameters of its own; only models whose layers all share theirs are known here.");
        }

        string type = CheckpointJson.OptionalText(scaling, "rope_type", where) ?? CheckpointJson.OptionalText(scaling, "type", where) ?? "default";
        switch (type)
        {
            // Multimodal sections are the family's business. Dynamic scaling begins behind the positions that the model knows.
            case "default" or "dynamic" or "mrope":
                return (1, positions);
            case "linear":
                double factor = Positive("factor");
                Scale(frequencies, frequency => frequency / factor);
                return (1, positions);
            case "llama3":
                ScaleLlama3(frequencies);
                return (1, positions);
            case "yarn":
                return (ScaleYarn(frequencies), positions);
            case "longrope" or "su":
                return ScaleLongRope(frequencies);
            default:
                throw new CheckpointException($"{where}: the rotary scaling '{type}' is not known; default, dynamic, linear, llama3, yarn and longrope are.");
        }
    }

    // Low frequencies are stretched, high ones stay, those between blend ("llama3").
    private void ScaleLlama3(float[] frequencies)
    {
        double factor = Positive("factor"), low = Positive("low_freq_factor"), high = Positive("high_freq_factor"), context = Positive("original_max_position_embeddings");
        if (!(low < high))
        {
            throw new CheckpointException($"{where}: 'low_freq_factor' must be below 'high_freq_factor'.");
        }

        Scale(frequencies, frequency =>
        {
            double smooth = Math.Clamp(((context / (2 * Math.PI / frequency)) - low) / (high - low), 0, 1);
            return ((1 - smooth) * frequency / factor) + (smooth * frequency);
        });
    }

    // The same by the number of turns within the first training, on a ramp along the head (Peng et al., arXiv 2309.00071).
    private double ScaleYarn(float[] frequencies)
    {
        double context = OptionalPositive("original_max_position_embeddings") ?? trained;
        double factor = OptionalPositive("factor") ?? positions / context;
        bool isWhole = CheckpointJson.OptionalBoolean(scaling, "truncate", where) ?? true;
        double low = Place(OptionalPositive("beta_fast") ?? 32), high = Place(OptionalPositive("beta_slow") ?? 1);
        (low, high) = isWhole ? (Math.Floor(low), Math.Ceiling(high)) : (low, high);
        (low, high) = (Math.Max(low, 0), Math.Min(high, (2 * frequencies.Length) - 1));
        high = low == high ? high + 0.001 : high;
        for (int i = 0; i < frequencies.Length; i++)
        {
            double stretched = Math.Clamp((i - low) / (high - low), 0, 1);
            frequencies[i] = (float)((frequencies[i] / factor * stretched) + (frequencies[i] * (1 - stretched)));
        }

        double? one = OptionalPositive("mscale"), all = OptionalPositive("mscale_all_dim");
        return OptionalPositive("attention_factor") ?? (one is { } first && all is { } second ? Temper(first) / Temper(second) : Temper(1));

        double Place(double turns) => frequencies.Length * Math.Log(context / (turns * 2 * Math.PI)) / Math.Log(theta);
        double Temper(double weight) => factor <= 1 ? 1 : (0.1 * weight * Math.Log(factor)) + 1;
    }

    // Each frequency has a factor of its own, and another one behind the positions of the first training (Ding et al., arXiv
    // 2402.13753). The cache holds keys that were turned already, so a graph can't change its factors on the way: it ends there.
    private (double Magnitude, int Positions) ScaleLongRope(float[] frequencies)
    {
        double context = OptionalPositive("original_max_position_embeddings") ?? trained, factor = OptionalPositive("factor") ?? positions / context;
        double[] factors = [.. CheckpointJson.Property(scaling, "short_factor", JsonValueKind.Array, where).EnumerateArray()
            .Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out double value) ? value : 0)];
        if (factors.Length != frequencies.Length || !factors.All(value => value > 0 && double.IsFinite(value)))
        {
            throw new CheckpointException($"{where}: 'short_factor' must have a number above 0 for each of the {frequencies.Length} angles of a head.");
        }

        int place = 0;
        Scale(frequencies, frequency => frequency / factors[place++]);
        double magnitude = OptionalPositive("attention_factor") ?? (factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(context))));
        return (magnitude, (int)Math.Min(context, positions));
    }

    private static void Scale(float[] frequencies, Func<double, double> change)
    {
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = (float)change(frequencies[i]);
        }
    }

    private double Positive(string name) => CheckpointJson.Number(scaling, name, where) is > 0 and double number
        ? number
        : throw new CheckpointException($"{where}: '{name}' must be above 0.");

    private double? OptionalPositive(string name) => CheckpointJson.OptionalNumber(scaling, name, where) is null ? null : Positive(name);
}

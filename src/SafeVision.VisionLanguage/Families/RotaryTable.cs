namespace SafeVision.VisionLanguage.Families;

/// <summary>The angles of rotary position embeddings (Su et al., arXiv 2104.09864), half rotation: number i of a head
/// turns with number i + size / 2. Angles are rounded to float32 as the reference does, for at high positions that
/// shows.</summary>
public sealed class RotaryTable
{
    private const int MostRows = 1 << 17;

    private readonly float[] _frequencies;

    private RotaryTable(float[] frequencies, double magnitude, int rows, bool isCut) => (_frequencies, Magnitude, Rows, Limit) = (frequencies, magnitude, rows, isCut ? rows : null);

    /// <summary>How many positions it has.</summary>
    public int Rows { get; }

    /// <summary>The most positions that a host may use, where they are fewer than the configuration promises; null: as many as it says.</summary>
    public int? Limit { get; }

    /// <summary>Half the size of a head.</summary>
    public int Columns => _frequencies.Length;

    /// <summary>Turns per position, in radians.</summary>
    public ReadOnlySpan<float> Frequencies => _frequencies;

    /// <summary>What cosines and sines are multiplied by: 1 but for models that were stretched to longer texts.</summary>
    public double Magnitude { get; }

    /// <summary>Reads what a language model's configuration says of its angles.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="headSize">An even number.</param>
    /// <exception cref="Exception">It asks for what is not known here; of the kind that the file's reader throws.</exception>
    public static RotaryTable Read(JsonValue config, int headSize)
    {
        JsonValue scaling = config.Any("rope_parameters", "rope_scaling").Object(mayBeMissing: true);
        foreach (JsonValue part in (ReadOnlySpan<JsonValue>)[config, scaling])
        {
            if (part["partial_rotary_factor"].Number(1) != 1)
            {
                throw part["partial_rotary_factor"].Wrong("1: only heads that are turned whole are known here");
            }
        }

        return Read(config, scaling, config["rope_parameters"]["rope_theta"] is { Exists: true } newer ? newer : config["rope_theta"], 10_000, 2048, headSize);
    }

    /// <summary>The same where a configuration keeps the parts elsewhere.</summary>
    /// <param name="scaling">How the angles are stretched; missing: not at all.</param>
    /// <param name="setting">The base of the frequencies.</param>
    /// <param name="otherwise">The base where it is missing.</param>
    /// <param name="positions">How many positions the model knows, where the configuration does not say.</param>
    /// <param name="headSize">How many numbers of a head are turned, an even number.</param>
    /// <exception cref="Exception">It asks for what is not known here; of the kind that the file's reader throws.</exception>
    internal static RotaryTable Read(JsonValue config, JsonValue scaling, JsonValue setting, double otherwise, int positions, int headSize)
    {
        double theta = setting.Number(otherwise);
        if (!(theta > 1))
        {
            throw setting.Wrong("a number above 1");
        }

        float[] frequencies = new float[headSize / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = 1 / (float)Math.Pow(theta, (float)(2 * i) / headSize);
        }

        positions = config["max_position_embeddings"].Integer(1, int.MaxValue, positions);
        int trained = config["original_max_position_embeddings"].Integer(1, int.MaxValue, positions);
        (double magnitude, int known) = scaling.Exists ? new RotaryScaling(scaling, theta, trained, positions).Apply(frequencies) : (1, positions);
        known = Math.Min(known, MostRows);
        return new RotaryTable(frequencies, magnitude, known, known < positions);
    }
}

/// <summary>The ways in which rotary positions are stretched to texts longer than those of the first training
/// (transformers, modeling_rope_utils.py).</summary>
/// <param name="scaling">The configuration's <c>rope_scaling</c> or <c>rope_parameters</c>.</param>
/// <param name="theta">The base of the frequencies.</param>
/// <param name="trained">How many positions the first training had, where <paramref name="scaling"/> does not say.</param>
/// <param name="positions">How many positions the model knows now.</param>
internal sealed class RotaryScaling(JsonValue scaling, double theta, int trained, int positions)
{
    /// <summary>Changes the frequencies; returns what cosines and sines are multiplied by, and up to which position all this holds.</summary>
    /// <exception cref="Exception">The kind is not known, or a number does not fit it; of the kind that the file's reader throws.</exception>
    public (double Magnitude, int Positions) Apply(float[] frequencies)
    {
        if (scaling.Members().FirstOrDefault(property => property.Value.IsObject) is { Name: { } part })
        {
            throw scaling[part].Wrong("none: layers with rotary parameters of their own are not known here");
        }

        string type = scaling.Any("rope_type", "type").Text("default");
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
                throw scaling.Any("rope_type", "type").Wrong("default, dynamic, linear, llama3, yarn or longrope");
        }
    }

    // Low frequencies are stretched, high ones stay, those between blend ("llama3").
    private void ScaleLlama3(float[] frequencies)
    {
        double factor = Positive("factor"), low = Positive("low_freq_factor"), high = Positive("high_freq_factor"), context = Positive("original_max_position_embeddings");
        if (!(low < high))
        {
            throw scaling["low_freq_factor"].Wrong("less than 'high_freq_factor'");
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
        bool isWhole = scaling["truncate"].Boolean(true);
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
        double[] factors = [.. scaling["short_factor"].Items(frequencies.Length).Select(item => item.Number())];
        if (factors.Length != frequencies.Length || !factors.All(value => value > 0))
        {
            throw scaling["short_factor"].Wrong($"a number above 0 for each of the {frequencies.Length} angles of a head");
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

    private double Positive(string name) => scaling[name].Number() is > 0 and double number ? number : throw scaling[name].Wrong("a number above 0");

    private double? OptionalPositive(string name) => scaling[name].Exists ? Positive(name) : null;
}

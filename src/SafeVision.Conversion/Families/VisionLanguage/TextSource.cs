namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>A language model's configuration and tensors, read with what all kinds share.</summary>
internal sealed class TextSource(SafetensorsCheckpoint checkpoint, TextSettings settings)
{
    private const string Body = "model.language_model.";
    private const string HeadName = "lm_head.weight";

    public TextSettings Settings => settings;

    public JsonValue Config => settings.Config;

    public string Where => Config.Where;

    public int Layers => settings.Layers;

    public DecoderShape Shape => field ??= ReadShape();

    public Projection Project(string name, int output, int input, bool hasBias) => Projection.Read(checkpoint, Body + name, output, input, hasBias);

    public NormWeights Norm(string name, int features) => NormWeights.Rms(checkpoint, Body + name, features, settings.Epsilon);

    /// <summary>A norm that is stored as what it differs from 1.</summary>
    public NormWeights OffsetNorm(string name, int features) => NormWeights.RmsOffset(checkpoint, Body + name, features, settings.Epsilon);

    /// <summary>A small tensor.</summary>
    public float[] Numbers(string name, params int[] shape) => checkpoint.Get(Body + name, shape).ToSingle();

    /// <summary>The decoder: its layers, and what stands before and behind them.</summary>
    /// <param name="read">Reads the layer of a name and a number.</param>
    /// <param name="hasOffsetNorm">Whether the last norm is stored as what it differs from 1.</param>
    public TextDecoder Decoder(Func<string, int, DecoderLayer> read, bool hasOffsetNorm = false, string embedding = "embed_tokens")
    {
        DecoderLayer[] layers = [.. Enumerable.Range(0, Layers).Select(i => read($"layers.{i}", i))];
        WeightMatrix table = WeightMatrix.From(checkpoint.Get($"{Body}{embedding}.weight", Shape.Vocabulary, Shape.Hidden));
        return new TextDecoder(Shape, table, layers, hasOffsetNorm ? OffsetNorm("norm", Shape.Hidden) : Norm("norm", Shape.Hidden), Head(table));
    }

    /// <summary>The head, or where the two are tied: the embedding.</summary>
    private Projection Head(WeightMatrix embedding) => settings.IsTied(checkpoint.Has(HeadName))
        ? new Projection(embedding, null)
        : new Projection(WeightMatrix.From(checkpoint.Get(HeadName, Shape.Vocabulary, Shape.Hidden)), null);

    // Transformers: a window counts where it is switched on, in kinds that have a switch, and is narrower than the context.
    private void RequireFullAttention()
    {
        int positions = settings.ContextLength ?? 2048;
        bool isOn = Config["use_sliding_window"].Boolean() ?? !Config["max_window_layers"].Exists;
        if (isOn && Config["sliding_window"].Integer(1, int.MaxValue, int.MaxValue) is int window && window < positions)
        {
            throw new CheckpointException($"{Where}: 'sliding_window' lets a token see {window} of {positions} others; only attention to all of them is known here.");
        }

        if (Config["layer_types"].Items().Select(type => type.RequiredText()).FirstOrDefault(type => type != "full_attention") is { } other)
        {
            throw new CheckpointException($"{Where}: 'layer_types' asks for {other}; only full_attention is known here.");
        }
    }

    private DecoderShape ReadShape()
    {
        if (settings.Window is null && settings.Memory is null)
        {
            RequireFullAttention();
        }

        return new DecoderShape(settings, checkpoint.Vocabulary ?? settings.Vocabulary);
    }
}

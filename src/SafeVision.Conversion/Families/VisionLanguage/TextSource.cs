using SafeVision.Conversion.Checkpoints;
using SafeVision.Files;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>A language model's configuration and tensors, read with what all kinds share.</summary>
internal sealed class TextSource(SafetensorsCheckpoint checkpoint, JsonValue config, TextNames names, bool? isTied)
{
    private const int MostLayers = 512;
    private const int LargestSize = 1 << 17;

    private DecoderShape? _shape;

    public JsonValue Config => config;

    public string Where => config.Where;

    public TextNames Names => names;

    public int Layers { get; } = config["num_hidden_layers"].Integer(1, MostLayers);

    public double Epsilon { get; } = config["rms_norm_eps"].Number(1e-6);

    /// <summary>What the whole model's configuration says of tied embeddings; null: nothing.</summary>
    public bool? IsTied => isTied;

    /// <summary>Read as most kinds have it; a kind whose configuration says it otherwise sets its own first.</summary>
    public DecoderShape Shape
    {
        get => _shape ??= ReadShape();
        set => _shape = value;
    }

    public int Vocabulary(int? otherwise = null) => checkpoint.Vocabulary ?? config["vocab_size"].Integer(1, 10_000_000, otherwise);

    public Projection Project(string name, int output, int input, bool hasBias) => Projection.Read(checkpoint, names.Body + name, output, input, hasBias);

    public NormWeights Norm(string name, int features) => NormWeights.Rms(checkpoint, names.Body + name, features, Epsilon);

    /// <summary>A norm that is stored as what it differs from 1.</summary>
    public NormWeights OffsetNorm(string name, int features) => NormWeights.RmsOffset(checkpoint, names.Body + name, features, Epsilon);

    public WeightMatrix Table(string name) => WeightMatrix.From(checkpoint.Get($"{names.Body}{name}.weight", Shape.Vocabulary, Shape.Hidden));

    /// <summary>The head, or where the configuration ties the two or the checkpoint leaves it out for that reason: the embedding.</summary>
    public Projection Head(string name, WeightMatrix embedding)
    {
        string full = $"{names.Head}{name}.weight";
        bool? tied = config["tie_word_embeddings"].Boolean();

        // Where the language model's part does not say so itself, a head that is there is meant: published configurations
        // leave out what is a class's default, and the whole model's default is another one than its language model's.
        return tied == true || (!checkpoint.Tensors.ContainsKey(full) && (isTied ?? tied ?? true))
            ? new Projection(embedding, null)
            : new Projection(WeightMatrix.From(checkpoint.Get(full, Shape.Vocabulary, Shape.Hidden)), null);
    }

    /// <summary>Fails unless the feed-forward parts use the one function that these models use.</summary>
    public void RequireSilu()
    {
        if (config["hidden_act"].Text("silu") is not ("silu" or "swish") and string other)
        {
            throw new CheckpointException($"{Where}: hidden_act is '{other}'; only silu is known here.");
        }
    }

    // Transformers: a window counts where it is switched on, in kinds that have a switch, and is narrower than the context.
    private void RequireFullAttention()
    {
        int positions = config["max_position_embeddings"].Integer(1, int.MaxValue, 2048);
        bool isOn = config["use_sliding_window"].Boolean() ?? !config["max_window_layers"].Exists;
        if (isOn && config["sliding_window"].Integer(1, int.MaxValue, int.MaxValue) is int window && window < positions)
        {
            throw new CheckpointException($"{Where}: 'sliding_window' lets a token see {window} of {positions} others; only attention to all of them is known here.");
        }

        if (config["layer_types"].Items().Select(type => type.RequiredText()).FirstOrDefault(type => type != "full_attention") is { } other)
        {
            throw new CheckpointException($"{Where}: 'layer_types' asks for {other}; only full_attention is known here.");
        }
    }

    private DecoderShape ReadShape()
    {
        int hidden = config["hidden_size"].Integer(1, LargestSize);
        int heads = config["num_attention_heads"].Integer(1, 1024);
        int keyValueHeads = config["num_key_value_heads"].Integer(1, 1024, heads);
        int headSize = config["head_dim"].Integer(2, 1024, hidden / heads);
        if (heads % keyValueHeads != 0)
        {
            throw new CheckpointException($"{Where}: {heads} heads can't share {keyValueHeads} keys and values evenly.");
        }

        if (headSize % 2 != 0 || headSize == 0)
        {
            throw new CheckpointException($"{Where}: heads of {headSize} numbers can't be rotated; the size must be even.");
        }

        RequireFullAttention();
        return new DecoderShape
        {
            Hidden = hidden,
            Intermediate = config["intermediate_size"].Integer(1, LargestSize * 8),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            Vocabulary = Vocabulary(),
            Rotary = RotaryTable.Read(config, headSize),
        };
    }
}

/// <summary>Where a checkpoint keeps its language model.</summary>
/// <param name="Body">What stands before the names of embedding, layers and norm, such as <c>language_model.model.</c>.</param>
/// <param name="Head">What stands before the name of the head, such as <c>language_model.</c>.</param>
internal sealed record TextNames(string Body, string Head);

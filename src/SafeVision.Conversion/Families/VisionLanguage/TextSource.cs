using System.Text.Json;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>A language model's configuration and tensors, read with what all kinds share.</summary>
internal sealed class TextSource(SafetensorsCheckpoint checkpoint, JsonElement config, TextNames names, bool? isTied, string where)
{
    private const int MostLayers = 512;
    private const int LargestSize = 1 << 17;

    private DecoderShape? _shape;

    public JsonElement Config => config;

    public string Where => where;

    public TextNames Names => names;

    public int Layers { get; } = CheckpointJson.Integer(config, "num_hidden_layers", 1, MostLayers, where);

    public double Epsilon { get; } = CheckpointJson.OptionalNumber(config, "rms_norm_eps", where) ?? 1e-6;

    public DecoderShape Shape => _shape ??= ReadShape();

    public Projection Project(string name, int output, int input, bool hasBias) => Projection.Read(checkpoint, names.Body + name, output, input, hasBias);

    public NormWeights Norm(string name, int features) => NormWeights.Rms(checkpoint, names.Body + name, features, Epsilon);

    public WeightMatrix Table(string name) => WeightMatrix.From(checkpoint.Get($"{names.Body}{name}.weight", Shape.Vocabulary, Shape.Hidden));

    /// <summary>The head, or where the configuration ties the two or the checkpoint leaves it out for that reason: the embedding.</summary>
    public Projection Head(string name, WeightMatrix embedding)
    {
        string full = $"{names.Head}{name}.weight";
        bool? tied = CheckpointJson.OptionalBoolean(config, "tie_word_embeddings", where);

        // Where the language model's part does not say so itself, a head that is there is meant: published configurations
        // leave out what is a class's default, and the whole model's default is another one than its language model's.
        return tied == true || (!checkpoint.Tensors.ContainsKey(full) && (isTied ?? tied ?? true))
            ? new Projection(embedding, null)
            : new Projection(WeightMatrix.From(checkpoint.Get(full, Shape.Vocabulary, Shape.Hidden)), null);
    }

    /// <summary>Fails unless the feed-forward parts use the one function that these models use.</summary>
    public void RequireSilu()
    {
        if ((CheckpointJson.OptionalText(config, "hidden_act", where) ?? "silu") is not ("silu" or "swish") and string other)
        {
            throw new CheckpointException($"{where}: hidden_act is '{other}'; only silu is known here.");
        }
    }

    // Transformers: a window counts where it is switched on, in kinds that have a switch, and is narrower than the context.
    private void RequireFullAttention()
    {
        int positions = CheckpointJson.OptionalInteger(config, "max_position_embeddings", 1, int.MaxValue, where) ?? 2048;
        bool isOn = CheckpointJson.OptionalBoolean(config, "use_sliding_window", where) ?? !config.TryGetProperty("max_window_layers", out _);
        if (isOn && CheckpointJson.OptionalInteger(config, "sliding_window", 1, int.MaxValue, where) is { } window && window < positions)
        {
            throw new CheckpointException($"{where}: 'sliding_window' lets a token see {window} of {positions} others; only attention to all of them is known here.");
        }

        if (config.TryGetProperty("layer_types", out JsonElement types) && types.ValueKind == JsonValueKind.Array
            && types.EnumerateArray().FirstOrDefault(type => type.ValueKind != JsonValueKind.String || type.GetString() != "full_attention") is { ValueKind: not JsonValueKind.Undefined } other)
        {
            throw new CheckpointException($"{where}: 'layer_types' asks for {other.GetRawText()}; only full_attention is known here.");
        }
    }

    private DecoderShape ReadShape()
    {
        int hidden = CheckpointJson.Integer(config, "hidden_size", 1, LargestSize, where);
        int heads = CheckpointJson.Integer(config, "num_attention_heads", 1, 1024, where);
        int keyValueHeads = CheckpointJson.OptionalInteger(config, "num_key_value_heads", 1, 1024, where) ?? heads;
        int headSize = CheckpointJson.OptionalInteger(config, "head_dim", 2, 1024, where) ?? hidden / heads;
        if (heads % keyValueHeads != 0)
        {
            throw new CheckpointException($"{where}: {heads} heads can't share {keyValueHeads} keys and values evenly.");
        }

        if (headSize % 2 != 0 || headSize == 0)
        {
            throw new CheckpointException($"{where}: heads of {headSize} numbers can't be rotated; the size must be even.");
        }

        RequireFullAttention();
        return new DecoderShape
        {
            Hidden = hidden,
            Intermediate = CheckpointJson.Integer(config, "intermediate_size", 1, LargestSize * 8, where),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            Vocabulary = checkpoint.Vocabulary ?? CheckpointJson.Integer(config, "vocab_size", 1, 10_000_000, where),
            Rotary = RotaryTable.Read(config, headSize, where),
        };
    }
}

/// <summary>Where a checkpoint keeps its language model.</summary>
/// <param name="Body">What stands before the names of embedding, layers and norm, such as <c>language_model.model.</c>.</param>
/// <param name="Head">What stands before the name of the head, such as <c>language_model.</c>.</param>
internal sealed record TextNames(string Body, string Head);

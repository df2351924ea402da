using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>What CLIP and SigLIP have in common: the names of what is written, and how the parts outside the towers are read.</summary>
internal static class ContrastiveTowers
{
    public const string Kind = "contrastive";
    public const string Vision = "vision_model";
    public const string Text = "text_model";
    public const string TextFile = $"{Text}.onnx";
    public const string ImageOutput = "image_embeds";
    public const string TextOutput = "text_embeds";

    public static IReadOnlyDictionary<string, string> Outputs { get; } =
        new Dictionary<string, string> { ["imageEmbeddings"] = ImageOutput, ["textEmbeddings"] = TextOutput };

    public static TextTokens ReadWords(EncoderSource source, EncoderDefaults defaults, bool isOpen, int? end)
    {
        int vocabulary = source.Integer("vocab_size", 1, 10_000_000, defaults.Vocabulary), positions = source.Integer("max_position_embeddings", 2, 8192, defaults.Positions);
        return new TextTokens(
            source.Matrix("embeddings.token_embedding.weight", vocabulary, source.Width),
            source.Table("embeddings.position_embedding.weight", positions, source.Width),
            isOpen,
            end);
    }

    /// <summary>A tensor of one number, of any shape.</summary>
    public static double Scalar(SafetensorsCheckpoint checkpoint, string name)
    {
        int[] shape = checkpoint.Tensors.TryGetValue(name, out StoredTensor? tensor) && tensor.Count == 1 ? [.. tensor.Shape] : [];
        double value = checkpoint.Get(name, shape).ToDouble()[0];
        return double.IsFinite(value) && value < 100
            ? value
            : throw new CheckpointException($"{checkpoint.Folder}: '{name}' is {value}, which no model has learned; the checkpoint is damaged.");
    }

    /// <summary>The token that texts are filled up with, as <c>tokenizer_config.json</c> names it; null where it can't be told.</summary>
    public static int? PadToken(string folder)
    {
        string path = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(path))
        {
            return null;
        }

        using JsonDocument document = CheckpointJson.Read(path);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("pad_token", out JsonElement token))
        {
            return null;
        }

        string? content = token.ValueKind switch
        {
            JsonValueKind.String => token.GetString(),
            JsonValueKind.Object => CheckpointJson.OptionalText(token, "content", $"{path}: pad_token"),
            _ => null,
        };
        return content is null ? null : Find(folder, content);
    }

    private static int? Find(string folder, string content)
    {
        string path = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(path) && FindAdded(path, content) is { } id)
        {
            return id;
        }

        try
        {
            return ContrastiveTokenizer.Open(folder).Find(content);
        }
        catch (ModelLoadException exception)
        {
            throw new CheckpointException(exception.Message, exception);
        }
    }

    /// <summary>The id of an added token, whatever else the tokenizer is.</summary>
    private static int? FindAdded(string path, string content)
    {
        using JsonDocument document = CheckpointJson.Read(path);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("added_tokens", out JsonElement tokens) || tokens.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        foreach (JsonElement token in tokens.EnumerateArray())
        {
            if (CheckpointJson.OptionalText(token, "content", $"{path}: added_tokens") == content)
            {
                return CheckpointJson.Integer(token, "id", 0, 10_000_000, $"{path}: added_tokens");
            }
        }

        return null;
    }
}

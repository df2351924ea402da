using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;
using SafeVision.Imaging;
using SafeVision.Models;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>What a family read from a checkpoint: one encoder that classifies, or two whose vectors are compared.</summary>
internal sealed record EncoderModel : IModelDescription, IDisposable
{
    /// <summary><c>imageClassifier</c> or <c>contrastive</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Each becomes a file; the first one takes pictures.</summary>
    public required IReadOnlyList<IEncoder> Encoders { get; init; }

    public IReadOnlyList<string> Labels { get; init; } = [];

    public required PreprocessingRecipe Preprocessing { get; init; }

    /// <summary>How vectors are compared; null for a classifier.</summary>
    public ContrastiveSettings? Contrastive { get; init; }

    public string Input => PictureInput.Name;

    public ModelTokenizer? Tokenizer => null;

    public IReadOnlyDictionary<string, string> Outputs { get; init; } = new Dictionary<string, string> { ["logits"] = "logits", ["probabilities"] = "probabilities" };

    /// <summary>The paths of the configuration and of the weights.</summary>
    public IReadOnlyList<string> SourceFiles { get; private init; } = [];

    /// <summary>What holds the weights' bytes.</summary>
    public IDisposable? Checkpoint { get; private init; }

    /// <summary>Opens a checkpoint and reads a model of it.</summary>
    public static EncoderModel Read(string folder, Func<SafetensorsCheckpoint, JsonElement, string, EncoderModel> read)
    {
        string path = Path.Combine(folder, "config.json");
        using JsonDocument config = CheckpointJson.Read(path);
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        try
        {
            UnmergedAdapter.Merge(checkpoint, config.RootElement, path);
            return read(checkpoint, config.RootElement, path) with { SourceFiles = [path, .. checkpoint.Paths], Checkpoint = checkpoint };
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    public void Dispose() => Checkpoint?.Dispose();
}

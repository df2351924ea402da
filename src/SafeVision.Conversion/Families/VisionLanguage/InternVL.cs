using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// InternVL 1.5 to 3.5 (Chen et al., arXiv 2404.16821 and 2412.05271) in both layouts: the original one (<c>internvl_chat</c>,
/// github.com/OpenGVLab/InternVL, modeling_internvl_chat.py) and that of transformers (<c>internvl</c>), whose tensors stand
/// behind one of two prefixes.
/// </summary>
internal sealed class InternVL : IVisionLanguageFamily
{
    public string Name => "internvl";

    public bool Recognizes(string folder) => CheckpointJson.ConfigText(folder, "model_type") is "internvl_chat" or "internvl";

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null)
    {
        string path = Path.Combine(folder, "config.json");
        using JsonDocument config = CheckpointJson.Read(path);
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        try
        {
            UnmergedAdapter.Merge(checkpoint, config.RootElement, path);
            adapter?.MergeInto(checkpoint);
            bool isOriginal = CheckpointJson.ConfigText(folder, "model_type") == "internvl_chat";
            InternVLSource source = isOriginal
                ? new InternVLOriginalSource(checkpoint, config.RootElement, path)
                : new InternVLTransformersSource(checkpoint, config.RootElement, path);
            TextDecoder text = source.ReadText();
            return new VisionLanguageModel
            {
                Text = text,
                Vision = source.ReadVision(text.Shape.Hidden),
                SourceFiles = [path, .. checkpoint.Paths],
                Checkpoint = checkpoint,
            };
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }
}

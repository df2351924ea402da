using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>
/// The towers of SigLIP (Zhai et al., arXiv 2303.15343) and of SigLIP 2 at one resolution (Tschannen et al., arXiv
/// 2502.14786), which is the same graph (transformers, modeling_siglip.py).
/// </summary>
internal static class SiglipTower
{
    public static EncoderDefaults Vision { get; } = new() { Width = 768, Intermediate = 3072, Heads = 12, Activation = "gelu_pytorch_tanh", Epsilon = 1e-6 };

    public static EncoderDefaults Text { get; } = Vision with { Vocabulary = 32000, Positions = 64 };

    /// <summary>Whether a folder's configuration is of a SigLIP model, and whether of a classifier.</summary>
    public static bool Recognizes(string folder, bool asClassifier)
    {
        if (CheckpointJson.ConfigText(folder, "model_type") is not ("siglip" or "siglip2"))
        {
            return false;
        }

        using System.Text.Json.JsonDocument config = CheckpointJson.Read(Path.Combine(folder, "config.json"));
        return CheckpointJson.NamesArchitecture(config.RootElement, "ForImageClassification") == asClassifier;
    }

    /// <exception cref="CheckpointException">The model takes pictures of any shape, each with a mask, which no graph of one size does.</exception>
    public static void RequireOneResolution(System.Text.Json.JsonElement config, string path)
    {
        if (CheckpointJson.OptionalText(config, "model_type", path) == "siglip2")
        {
            throw new CheckpointException(
                $"{path}: model_type is 'siglip2', the NaFlex variant, which takes pictures cut into patches at their own proportions; only the variants of one resolution (model_type 'siglip', such as siglip2-base-patch16-224) can be converted.");
        }
    }

    public static PatchTokens ReadPatches(EncoderSource source)
    {
        source.RequireColour();
        return PatchTokens.Read(source, "embeddings.patch_embedding", hasBias: true, "embeddings.position_embedding.weight");
    }

    /// <summary>A layer of either tower, and of CLIP's, whose names are the same.</summary>
    public static VisionLayer ReadLayer(EncoderSource source, int index)
    {
        string name = $"encoder.layers.{index}";
        (int width, int inner) = (source.Width, source.Intermediate);
        return new VisionLayer
        {
            Name = name,
            AttentionNorm = source.Norm($"{name}.layer_norm1"),
            Query = source.Linear($"{name}.self_attn.q_proj", width, width),
            Key = source.Linear($"{name}.self_attn.k_proj", width, width),
            Value = source.Linear($"{name}.self_attn.v_proj", width, width),
            Output = source.Linear($"{name}.self_attn.out_proj", width, width),
            MlpNorm = source.Norm($"{name}.layer_norm2"),
            Up = source.Linear($"{name}.mlp.fc1", inner, width),
            Down = source.Linear($"{name}.mlp.fc2", width, inner),
        };
    }
}

using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Qwen2-VL (Wang et al., arXiv 2409.12191) with the tensor names and the flat configuration of the published models, or
/// with those that transformers 5 writes (transformers, modeling_qwen2_vl.py); and Qwen2.5-VL, which has another tower.
/// </summary>
internal sealed class Qwen2VL : IVisionLanguageFamily
{
    private const double Epsilon = 1e-6; // the tower's norms, whatever the language model's are

    public string Name => "qwen2-vl";

    public bool Recognizes(string folder) => CheckpointJson.ConfigText(folder, "model_type") is "qwen2_vl" or Qwen25Vision.ModelType;

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => VisionLanguageModel.Read(folder, adapter, (checkpoint, config, path) =>
    {
        TextDecoder text = ReadText(checkpoint, config, path);
        QwenVit vision = CheckpointJson.OptionalText(config, "model_type", path) == Qwen25Vision.ModelType
            ? Qwen25Vision.Read(checkpoint, config, text.Shape.Hidden, path)
            : ReadVision(checkpoint, config, text.Shape.Hidden, path);
        return (vision, text);
    });

    /// <summary>The language model, and which of its angles follow time, row and column.</summary>
    public static TextDecoder ReadText(SafetensorsCheckpoint checkpoint, JsonElement config, string path)
    {
        bool isNested = checkpoint.Tensors.ContainsKey("model.language_model.embed_tokens.weight");
        JsonElement? nested = CheckpointJson.OptionalObject(config, "text_config", path);
        string where = nested is null ? path : $"{path}: text_config";
        JsonElement text = nested ?? config;
        TextDecoder decoder = TextDecoders.Read(
            checkpoint, text, new TextNames(isNested ? "model.language_model." : "model.", ""), CheckpointJson.OptionalBoolean(config, "tie_word_embeddings", path), where);
        JsonElement scaling = CheckpointJson.OptionalObject(text, "rope_parameters", where) ?? CheckpointJson.Property(text, "rope_scaling", JsonValueKind.Object, where);
        int[] sections = [.. CheckpointJson.Property(scaling, "mrope_section", JsonValueKind.Array, where).EnumerateArray()
            .Select(section => section.ValueKind == JsonValueKind.Number && section.TryGetInt32(out int value) ? value : -1)];
        return sections.Length == 3 && sections.All(section => section >= 0) && sections.Sum(section => (long)section) == decoder.Shape.HeadSize / 2
            ? decoder with { Shape = decoder.Shape with { RotarySections = sections } }
            : throw new CheckpointException($"{where}: 'mrope_section' must be three whole numbers that add up to half a head, {decoder.Shape.HeadSize / 2}.");
    }

    // What the configuration leaves out is what transformers' Qwen2VLVisionConfig has.
    private static QwenVit ReadVision(SafetensorsCheckpoint checkpoint, JsonElement config, int hidden, string path)
    {
        JsonElement vision = CheckpointJson.Property(config, "vision_config", JsonValueKind.Object, path);
        string where = $"{path}: vision_config", prefix = checkpoint.Tensors.ContainsKey("model.visual.patch_embed.proj.weight") ? "model.visual" : "visual";
        int width = Size("embed_dim", 1 << 16, 1280), heads = Size("num_heads", 256, 16), factor = Size("spatial_merge_size", 16, 2);
        int channels = CheckpointJson.OptionalInteger(vision, "in_channels", 1, 16, where) ?? Size("in_chans", 16, 3);
        int patch = Size("patch_size", 1024, 14), time = Size("temporal_patch_size", 16, 2), joined = factor * factor * width;
        double ratio = CheckpointJson.OptionalNumber(vision, "mlp_ratio", where) ?? 4;
        if (width % heads != 0 || width / heads % 4 != 0)
        {
            throw new CheckpointException($"{where}: vectors of {width} numbers can't be shared among {heads} heads whose size is a multiple of 4.");
        }

        if (!(ratio > 0 && ratio <= 64))
        {
            throw new CheckpointException($"{where}: 'mlp_ratio' must be above 0 and at most 64.");
        }

        int intermediate = (int)(width * ratio);
        StoredTensor patches = checkpoint.Get($"{prefix}.patch_embed.proj.weight", width, channels, time, patch, patch);
        return new QwenVit
        {
            Factor = factor,
            Patches = new Projection(WeightMatrix.From(patches), null),
            Layers = new VisionTransformer(
                width, heads, Activations.Parse(CheckpointJson.OptionalText(vision, "hidden_act", where) ?? "quick_gelu", where),
                [.. Enumerable.Range(0, Size("depth", 256, 32)).Select(i => ReadLayer(checkpoint, $"{prefix}.blocks.{i}", width, intermediate))],
                NormWeights.Layer(checkpoint, $"{prefix}.merger.ln_q", width, Epsilon)),
            Merger = ReadMerger(checkpoint, prefix, hidden, joined),
        };

        int Size(string name, int most, int otherwise) => CheckpointJson.OptionalInteger(vision, name, 1, most, where) ?? otherwise;
    }

    /// <summary>The merger of Qwen2-VL and Qwen2.5-VL, whose norm stands before the joining, behind the last layer.</summary>
    public static QwenMerger ReadMerger(SafetensorsCheckpoint checkpoint, string prefix, int hidden, int joined) => new(
        "merger", null, Projection.Read(checkpoint, $"{prefix}.merger.mlp.0", joined, joined, hasBias: true), Projection.Read(checkpoint, $"{prefix}.merger.mlp.2", hidden, joined, hasBias: true));

    private static VisionLayer ReadLayer(SafetensorsCheckpoint checkpoint, string name, int width, int intermediate)
    {
        Projection together = Projection.Read(checkpoint, $"{name}.attn.qkv", 3 * width, width, hasBias: true);
        return new VisionLayer
        {
            Name = name,
            AttentionNorm = NormWeights.Layer(checkpoint, $"{name}.norm1", width, Epsilon),
            Query = together.Slice($"{name}.attn.q", 0, width),
            Key = together.Slice($"{name}.attn.k", width, width),
            Value = together.Slice($"{name}.attn.v", 2 * width, width),
            Output = Projection.Read(checkpoint, $"{name}.attn.proj", width, width, hasBias: true),
            MlpNorm = NormWeights.Layer(checkpoint, $"{name}.norm2", width, Epsilon),
            Up = Projection.Read(checkpoint, $"{name}.mlp.fc1", intermediate, width, hasBias: true),
            Down = Projection.Read(checkpoint, $"{name}.mlp.fc2", width, intermediate, hasBias: true),
        };
    }
}

/// <summary>
/// The tower of Qwen2.5-VL (Bai et al., arXiv 2502.13923; transformers, modeling_qwen2_5_vl.py): that of Qwen2-VL with RMS
/// norms, gated feed-forward parts, and windows in all but a few layers.
/// </summary>
internal static class Qwen25Vision
{
    public const string ModelType = "qwen2_5_vl";

    private const double Epsilon = 1e-6;

    // What the configuration leaves out is what transformers' Qwen2_5_VLVisionConfig has.
    private static readonly int[] s_whole = [7, 15, 23, 31];

    /// <exception cref="CheckpointException">Something is missing or does not fit.</exception>
    public static QwenVit Read(SafetensorsCheckpoint checkpoint, JsonElement config, int hidden, string path)
    {
        JsonElement vision = CheckpointJson.Property(config, "vision_config", JsonValueKind.Object, path);
        string where = $"{path}: vision_config", prefix = checkpoint.Tensors.ContainsKey("model.visual.patch_embed.proj.weight") ? "model.visual" : "visual";
        int width = Size("hidden_size", 1 << 16, 3584), heads = Size("num_heads", 256, 16), factor = Size("spatial_merge_size", 16, 2), inner = Size("intermediate_size", 1 << 18, 3420);
        int channels = CheckpointJson.OptionalInteger(vision, "in_channels", 1, 16, where) ?? Size("in_chans", 16, 3);
        int patch = Size("patch_size", 1024, 14), time = Size("temporal_patch_size", 16, 2), joined = factor * factor * width, window = Size("window_size", 1 << 16, 112) / factor / patch * factor;
        if (width % heads != 0 || width / heads % 4 != 0)
        {
            throw new CheckpointException($"{where}: vectors of {width} numbers can't be shared among {heads} heads whose size is a multiple of 4.");
        }

        if (window == 0)
        {
            throw new CheckpointException($"{where}: 'window_size' must be at least {factor * patch}, the side of the patches that are joined.");
        }

        if (Size("out_hidden_size", 1 << 17, 3584) is int output && output != hidden)
        {
            throw new CheckpointException($"{where}: 'out_hidden_size' is {output}, but the language model takes {hidden} numbers.");
        }

        int depth = Size("depth", 256, 32);
        HashSet<int> whole = Whole(vision, where);
        return new QwenVit
        {
            Factor = factor,
            Window = window,
            Patches = new Projection(WeightMatrix.From(checkpoint.Get($"{prefix}.patch_embed.proj.weight", width, channels, time, patch, patch)), null),
            Layers = new VisionTransformer(
                width, heads, Activations.Parse(CheckpointJson.OptionalText(vision, "hidden_act", where) ?? "silu", where),
                [.. Enumerable.Range(0, depth).Select(i => ReadLayer(checkpoint, $"{prefix}.blocks.{i}", width, inner) with { SeesWindow = !whole.Contains(i) })],
                NormWeights.Rms(checkpoint, $"{prefix}.merger.ln_q", width, Epsilon)),
            Merger = Qwen2VL.ReadMerger(checkpoint, prefix, hidden, joined),
        };

        int Size(string name, int most, int otherwise) => CheckpointJson.OptionalInteger(vision, name, 1, most, where) ?? otherwise;
    }

    /// <summary>The layers in which every token sees all others of its frame.</summary>
    private static HashSet<int> Whole(JsonElement vision, string where)
    {
        const string Name = "fullatt_block_indexes";
        if (!vision.TryGetProperty(Name, out JsonElement list) || list.ValueKind == JsonValueKind.Null)
        {
            return [.. s_whole];
        }

        int[] layers = [.. CheckpointJson.Property(vision, Name, JsonValueKind.Array, where).EnumerateArray()
            .Select(layer => layer.ValueKind == JsonValueKind.Number && layer.TryGetInt32(out int value) ? value : -1)];
        return layers.All(layer => layer >= 0) ? [.. layers] : throw new CheckpointException($"{where}: '{Name}' must list layers, counted from 0.");
    }

    private static VisionLayer ReadLayer(SafetensorsCheckpoint checkpoint, string name, int width, int inner)
    {
        Projection together = Projection.Read(checkpoint, $"{name}.attn.qkv", 3 * width, width, hasBias: true);
        return new VisionLayer
        {
            Name = name,
            AttentionNorm = NormWeights.Rms(checkpoint, $"{name}.norm1", width, Epsilon),
            Query = together.Slice($"{name}.attn.q", 0, width),
            Key = together.Slice($"{name}.attn.k", width, width),
            Value = together.Slice($"{name}.attn.v", 2 * width, width),
            Output = Projection.Read(checkpoint, $"{name}.attn.proj", width, width, hasBias: true),
            MlpNorm = NormWeights.Rms(checkpoint, $"{name}.norm2", width, Epsilon),
            Gate = Projection.Read(checkpoint, $"{name}.mlp.gate_proj", inner, width, hasBias: true),
            Up = Projection.Read(checkpoint, $"{name}.mlp.up_proj", inner, width, hasBias: true),
            Down = Projection.Read(checkpoint, $"{name}.mlp.down_proj", width, inner, hasBias: true),
        };
    }
}

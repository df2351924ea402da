using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Qwen3-VL (Bai et al., arXiv 2511.21631; transformers, modeling_qwen3_vl.py): the tower of Qwen2-VL with learned places
/// beside the rotary ones and mergers behind some layers, whose features are added in the first layers of the language model
/// (DeepStack); a Qwen3 whose angles follow time, row and column in turn.
/// </summary>
internal sealed class Qwen3VL : IVisionLanguageFamily
{
    private const double Epsilon = 1e-6; // the tower's norms, whatever the language model's are

    public string Name => "qwen3-vl";

    public bool Recognizes(string folder) => CheckpointJson.ConfigText(folder, "model_type") == "qwen3_vl";

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => VisionLanguageModel.Read(folder, adapter, (checkpoint, config, path) =>
    {
        TextDecoder text = ReadText(checkpoint, config, path);
        QwenVit vision = ReadVision(checkpoint, config, text, path);
        return (vision, text with { Shape = text.Shape with { DeepStack = vision.DeepStack.Count } });
    });

    private static TextDecoder ReadText(SafetensorsCheckpoint checkpoint, JsonElement config, string path)
    {
        JsonElement text = CheckpointJson.Property(config, "text_config", JsonValueKind.Object, path);
        string where = $"{path}: text_config";
        JsonElement? parameters = CheckpointJson.OptionalObject(text, "rope_parameters", where);

        // The class's default is another base than the published models', so a missing one is an error and no default.
        if ((parameters is { } json ? CheckpointJson.OptionalNumber(json, "rope_theta", where) : null) is null && CheckpointJson.OptionalNumber(text, "rope_theta", where) is null)
        {
            throw new CheckpointException($"{where}: 'rope_theta' is missing.");
        }

        if (CheckpointJson.OptionalBoolean(parameters ?? CheckpointJson.Property(text, "rope_scaling", JsonValueKind.Object, where), "mrope_interleaved", where) == false)
        {
            throw new CheckpointException($"{where}: 'mrope_interleaved' is false; this family's angles follow time, row and column in turn.");
        }

        TextDecoder decoder = Qwen2VL.ReadText(checkpoint, config, path);
        int[] sections = [.. decoder.Shape.RotarySections!];
        return 3 * Math.Max(sections[1], sections[2]) <= decoder.Shape.HeadSize / 2 + 2
            ? decoder with { Shape = decoder.Shape with { InterleavesSections = true } }
            : throw new CheckpointException($"{where}: 'mrope_section' gives row or column more than a third of the {decoder.Shape.HeadSize / 2} angles.");
    }

    // What the configuration leaves out is what transformers' Qwen3VLVisionConfig has.
    private static QwenVit ReadVision(SafetensorsCheckpoint checkpoint, JsonElement config, TextDecoder text, string path)
    {
        JsonElement vision = CheckpointJson.Property(config, "vision_config", JsonValueKind.Object, path);
        string where = $"{path}: vision_config", prefix = checkpoint.Tensors.ContainsKey("model.visual.patch_embed.proj.weight") ? "model.visual" : "visual";
        int width = Size("hidden_size", 1 << 16, 1152), heads = Size("num_heads", 256, 16), factor = Size("spatial_merge_size", 16, 2), inner = Size("intermediate_size", 1 << 18, 4304);
        int channels = Size("in_channels", 16, 3), patch = Size("patch_size", 1024, 16), time = Size("temporal_patch_size", 16, 2), depth = Size("depth", 256, 27), places = Size("num_position_embeddings", 1 << 20, 2304);
        int joined = factor * factor * width, side = (int)Math.Sqrt(places), hidden = text.Shape.Hidden;
        if (width % heads != 0 || width / heads % 4 != 0)
        {
            throw new CheckpointException($"{where}: vectors of {width} numbers can't be shared among {heads} heads whose size is a multiple of 4.");
        }

        if (side * side != places)
        {
            throw new CheckpointException($"{where}: 'num_position_embeddings' is {places}, which is no square.");
        }

        if (Size("out_hidden_size", 1 << 17, 3584) is int output && output != hidden)
        {
            throw new CheckpointException($"{where}: 'out_hidden_size' is {output}, but the language model takes {hidden} numbers.");
        }

        int[] taken = TakenLayers(vision, depth, where);
        return new QwenVit
        {
            Factor = factor,
            Patches = new Projection(
                WeightMatrix.From(checkpoint.Get($"{prefix}.patch_embed.proj.weight", width, channels, time, patch, patch)), checkpoint.Get($"{prefix}.patch_embed.proj.bias", width).ToSingle()),
            Positions = new LearnedPlaces(side, checkpoint.Get($"{prefix}.pos_embed.weight", places, width).ToSingle()),
            Layers = new VisionTransformer(
                width, heads, Activations.Parse(CheckpointJson.OptionalText(vision, "hidden_act", where) ?? "gelu_pytorch_tanh", where),
                [.. Enumerable.Range(0, depth).Select(i => ReadLayer(checkpoint, $"{prefix}.blocks.{i}", width, inner))],
                NormWeights.Layer(checkpoint, $"{prefix}.merger.norm", width, Epsilon)),
            Merger = Merger("merger", $"{prefix}.merger", null),
            // What the language model has no layer for is dropped.
            DeepStack = [.. taken.Take(text.Layers.Count).Select((layer, i) =>
            {
                string name = $"{prefix}.deepstack_merger_list.{i}";
                return (layer, Merger($"deepstack.{i}", name, NormWeights.Layer(checkpoint, $"{name}.norm", joined, Epsilon)));
            })],
        };

        QwenMerger Merger(string name, string source, NormWeights? norm) => new(
            name, norm,
            Projection.Read(checkpoint, $"{source}.linear_fc1", joined, joined, hasBias: true), Projection.Read(checkpoint, $"{source}.linear_fc2", hidden, joined, hasBias: true));

        int Size(string name, int most, int otherwise) => CheckpointJson.OptionalInteger(vision, name, 1, most, where) ?? otherwise;
    }

    /// <summary>The layers behind which features are taken, for the first, the second, … layer of the language model.</summary>
    private static int[] TakenLayers(JsonElement vision, int depth, string where)
    {
        const string Name = "deepstack_visual_indexes";
        if (!vision.TryGetProperty(Name, out JsonElement list) || list.ValueKind == JsonValueKind.Null)
        {
            return [8, 16, 24];
        }

        int[] layers = [.. CheckpointJson.Property(vision, Name, JsonValueKind.Array, where).EnumerateArray()
            .Select(layer => layer.ValueKind == JsonValueKind.Number && layer.TryGetInt32(out int value) ? value : -1)];
        return layers.All(layer => layer >= 0 && layer < depth) && layers.Distinct().Count() == layers.Length
            ? layers
            : throw new CheckpointException($"{where}: '{Name}' must list different layers from 0 to {depth - 1}.");
    }

    private static VisionLayer ReadLayer(SafetensorsCheckpoint checkpoint, string name, int width, int inner)
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
            Up = Projection.Read(checkpoint, $"{name}.mlp.linear_fc1", inner, width, hasBias: true),
            Down = Projection.Read(checkpoint, $"{name}.mlp.linear_fc2", width, inner, hasBias: true),
        };
    }
}

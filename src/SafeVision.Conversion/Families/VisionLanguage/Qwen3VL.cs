using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;
using SafeVision.Files;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Qwen3-VL (Bai et al., arXiv 2511.21631; transformers, modeling_qwen3_vl.py): the tower of Qwen2-VL with learned places
/// beside the rotary ones and mergers behind some layers, whose features are added in the first layers of the language model
/// (DeepStack); a Qwen3 whose angles follow time, row and column in turn.
/// </summary>
internal sealed class Qwen3VL : IVisionLanguageFamily
{
    public string Name => "qwen3-vl";

    public bool Recognizes(string folder) => CheckpointFile.ConfigText(folder, "model_type") == "qwen3_vl";

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => VisionLanguageModel.Read(folder, adapter, (checkpoint, config) =>
    {
        TextDecoder text = ReadText(checkpoint, config);
        QwenVit vision = ReadVision(new QwenTower(checkpoint, config, widthName: "hidden_size", width: 1152, patchSize: 16), text);
        return (vision, text with { Shape = text.Shape with { DeepStack = vision.DeepStack.Count } });
    });

    private static TextDecoder ReadText(SafetensorsCheckpoint checkpoint, JsonValue config)
    {
        JsonValue text = config["text_config"].Object(), parameters = text.Any("rope_parameters", "rope_scaling").Object();

        // The class's default is another base than the published models', so a missing one is an error and no default.
        if (!parameters["rope_theta"].Exists && !text["rope_theta"].Exists)
        {
            throw text["rope_theta"].Wrong("a number above 1");
        }

        if (!parameters["mrope_interleaved"].Boolean(true))
        {
            throw new CheckpointException($"{parameters.Where}: 'mrope_interleaved' is false; this family's angles follow time, row and column in turn.");
        }

        TextDecoder decoder = Qwen2VL.ReadText(checkpoint, config);
        int[] sections = [.. decoder.Shape.RotarySections!];
        return 3 * Math.Max(sections[1], sections[2]) <= decoder.Shape.HeadSize / 2 + 2
            ? decoder with { Shape = decoder.Shape with { InterleavesSections = true } }
            : throw new CheckpointException($"{parameters.Where}: 'mrope_section' gives row or column more than a third of the {decoder.Shape.HeadSize / 2} angles.");
    }

    // What the configuration leaves out is what transformers' Qwen3VLVisionConfig has.
    private static QwenVit ReadVision(QwenTower tower, TextDecoder text)
    {
        int inner = tower.Size("intermediate_size", 1 << 18, 4304), places = tower.Size("num_position_embeddings", 1 << 20, 2304), side = (int)Math.Sqrt(places), hidden = text.Shape.Hidden;
        if (side * side != places)
        {
            throw new CheckpointException($"{tower.Where}: 'num_position_embeddings' is {places}, which is no square.");
        }

        tower.RequireOutput(hidden);
        VisionTransformer layers = tower.ReadLayers(
            27, "gelu_pytorch_tanh", tower.LayerNorm("merger.norm"), name => tower.ReadLayer(name, tower.LayerNorm, "mlp.linear_fc1", "mlp.linear_fc2", inner));
        int[] taken = tower.Layers("deepstack_visual_indexes", [8, 16, 24], layers.Layers.Count); // for the first, the second, … layer of the language model
        return new QwenVit
        {
            Factor = tower.Factor,
            Patches = tower.ReadPatches(hasBias: true),
            Positions = new LearnedPlaces(side, tower.Table("pos_embed.weight", places)),
            Layers = layers,
            Merger = ReadMerger("merger", "merger", null),
            DeepStack = [.. taken.Take(text.Layers.Count).Select((layer, i) => (layer, ReadMerger($"deepstack.{i}", $"deepstack_merger_list.{i}", tower.JoinedNorm($"deepstack_merger_list.{i}.norm"))))], // what the language model has no layer for is dropped
        };

        QwenMerger ReadMerger(string name, string source, NormWeights? norm) => tower.ReadMerger(name, norm, $"{source}.linear_fc1", $"{source}.linear_fc2", hidden);
    }
}

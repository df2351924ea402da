using SafeVision.Conversion.Preparation;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Qwen3-VL (transformers, modeling_qwen3_vl.py): the tower of Qwen2-VL with learned places beside the rotary ones and mergers
/// behind some layers, whose features are added in the first layers of the language model (DeepStack).
/// </summary>
internal sealed class Qwen3VL : IVisionLanguageFamily
{
    public VisionLanguageFamily Facts { get; } = VisionLanguageFamily.Find("qwen3_vl")!;

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => VisionLanguageModel.Read(Facts, folder, adapter, (checkpoint, config) =>
    {
        TextDecoder text = TextDecoders.Read(checkpoint, Facts.ReadText(config));
        QwenVit vision = ReadVision(new QwenTower(checkpoint, Facts.ReadVision(config), text.Shape.Hidden), text);
        return (vision, text with { Shape = text.Shape with { DeepStack = vision.DeepStack.Count } });
    });

    public static QwenVit ReadVision(QwenTower tower, TextDecoder text)
    {
        VisionSettings vision = tower.Settings;
        int side = vision.PositionsAlongSide!.Value;
        return new QwenVit
        {
            Factor = vision.Merge,
            Theta = vision.RotaryBase!.Value,
            Patches = tower.ReadPatches(hasBias: true),
            Positions = new LearnedPlaces(side, tower.Table("pos_embed.weight", side * side)),
            Layers = tower.ReadLayers(tower.LayerNorm("merger.norm"), name => tower.ReadLayer(name, tower.LayerNorm, "mlp.linear_fc1", "mlp.linear_fc2")),
            Merger = ReadMerger("merger", "merger", null),
            DeepStack = [.. vision.DeepStackLayers.Take(text.Layers.Count).Select((layer, i) => (layer, ReadMerger($"deepstack.{i}", $"deepstack_merger_list.{i}", tower.JoinedNorm($"deepstack_merger_list.{i}.norm"))))], // what the language model has no layer for is dropped
        };

        QwenMerger ReadMerger(string name, string source, NormWeights? norm) => tower.ReadMerger(name, norm, $"{source}.linear_fc1", $"{source}.linear_fc2");
    }
}

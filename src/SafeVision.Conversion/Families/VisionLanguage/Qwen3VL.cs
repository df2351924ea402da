namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Qwen3-VL (transformers, modeling_qwen3_vl.py): the tower of Qwen2-VL with learned places beside the rotary ones and
/// mergers behind some layers, whose features are added in the first layers of the language model (DeepStack).</summary>
internal sealed class Qwen3VL() : FamilyNetwork("qwen3_vl")
{
    protected override (IVisionEncoder Vision, TextDecoder Text) Read(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text)
    {
        var tower = (QwenVit)ReadVision(checkpoint, vision, text);
        return (tower, text with { Shape = text.Shape with { DeepStack = tower.DeepStack.Count } });
    }

    protected override IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text) =>
        ReadVision(new QwenTower(checkpoint, vision, text.Shape.Hidden), text);

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

        GeluProjector ReadMerger(string name, string source, NormWeights? norm) => tower.ReadMerger(name, norm, $"{source}.linear_fc1", $"{source}.linear_fc2");
    }
}

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Mistral 3 (transformers, modeling_mistral3.py, modeling_pixtral.py and modeling_ministral3.py).</summary>
internal sealed class Mistral3() : FamilyNetwork("mistral3")
{
    private const string Tower = "model.vision_tower.";
    private const string Connector = "model.multi_modal_projector.";

    protected override IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text)
    {
        int hidden = text.Shape.Hidden, width = vision.Width, patch = vision.PatchSize, channels = vision.Channels, joined = vision.Merge * vision.Merge * width;
        return new PixtralVit
        {
            Channels = channels,
            PatchSize = patch,
            Factor = vision.Merge,
            Theta = vision.RotaryBase!.Value,
            Patches = new Projection(WeightMatrix.From(checkpoint.Get($"{Tower}patch_conv.weight", width, channels, patch, patch)), null),
            Norm = Norm("ln_pre"),
            Layers = new VisionTransformer(
                width, vision.Heads, Activations.Parse(vision.Activation, vision.Config.Where), [.. Enumerable.Range(0, vision.UsedLayers).Select(i => ReadLayer($"transformer.layers.{i}"))], null),
            ProjectorNorm = NormWeights.Rms(checkpoint, $"{Connector}norm", width, text.Norm.Epsilon),
            Merger = Projection.Read(checkpoint, $"{Connector}patch_merger.merging_layer", width, joined, hasBias: false),
            Projector = new GeluProjector(
                "projector", null, Projection.Read(checkpoint, $"{Connector}linear_1", hidden, width, vision.HasProjectorBias),
                Projection.Read(checkpoint, $"{Connector}linear_2", hidden, hidden, vision.HasProjectorBias)),
        };

        NormWeights Norm(string name) => NormWeights.Rms(checkpoint, Tower + name, width, vision.Epsilon);

        Projection Linear(string name, int output, int input) => Projection.Read(checkpoint, Tower + name, output, input, hasBias: false);

        VisionLayer ReadLayer(string name) => new()
        {
            Name = Tower + name,
            AttentionNorm = Norm($"{name}.attention_norm"),
            Query = Linear($"{name}.attention.q_proj", width, width),
            Key = Linear($"{name}.attention.k_proj", width, width),
            Value = Linear($"{name}.attention.v_proj", width, width),
            Output = Linear($"{name}.attention.o_proj", width, width),
            MlpNorm = Norm($"{name}.ffn_norm"),
            Gate = Linear($"{name}.feed_forward.gate_proj", vision.Intermediate, width),
            Up = Linear($"{name}.feed_forward.up_proj", vision.Intermediate, width),
            Down = Linear($"{name}.feed_forward.down_proj", width, vision.Intermediate),
        };
    }
}

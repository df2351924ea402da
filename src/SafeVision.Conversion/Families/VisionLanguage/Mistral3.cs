using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Mistral 3 (transformers, modeling_mistral3.py, modeling_pixtral.py and modeling_ministral3.py).</summary>
internal sealed class Mistral3 : IVisionLanguageFamily
{
    private const string Tower = "model.vision_tower.";
    private const string Projector = "model.multi_modal_projector.";

    public VisionLanguageFamily Facts { get; } = VisionLanguageFamily.Find("mistral3")!;

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => VisionLanguageModel.Read(Facts, folder, adapter, (checkpoint, config) =>
    {
        TextSettings text = Facts.ReadText(config);
        TextDecoder decoder = TextDecoders.Read(checkpoint, text);
        return (ReadVision(checkpoint, Facts.ReadVision(config), decoder.Shape.Hidden, text.Epsilon), decoder);
    });

    private static PixtralVit ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, int hidden, double projectorEpsilon)
    {
        int width = vision.Width, patch = vision.PatchSize, channels = vision.Channels, joined = vision.Merge * vision.Merge * width;
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
            ProjectorNorm = NormWeights.Rms(checkpoint, $"{Projector}norm", width, projectorEpsilon),
            Merger = Projection.Read(checkpoint, $"{Projector}patch_merger.merging_layer", width, joined, hasBias: false),
            First = Projection.Read(checkpoint, $"{Projector}linear_1", hidden, width, vision.HasProjectorBias),
            Second = Projection.Read(checkpoint, $"{Projector}linear_2", hidden, hidden, vision.HasProjectorBias),
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

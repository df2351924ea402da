using System.Text.Json;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>
/// SigLIP's vision tower as a classifier (transformers, modeling_siglip.py, SiglipForImageClassification): the mean of all
/// tokens to logits. So what each place of a picture adds to a logit is known, and heat maps are exact.
/// </summary>
internal sealed class SiglipClassifier : IEncoderFamily
{
    public string Name => "siglip-classifier";

    public bool Recognizes(string folder) => SiglipTower.Recognizes(folder, asClassifier: true);

    public EncoderModel Read(string folder, ConversionRecipe recipe) => EncoderModel.Read(folder, (checkpoint, config, path) =>
    {
        SiglipTower.RequireOneResolution(config, path);
        JsonElement vision = CheckpointJson.OptionalObject(config, "vision_config", path) ?? default;
        string prefix = TensorPrefix.Find(checkpoint, "embeddings.patch_embedding.weight");
        var source = new EncoderSource(checkpoint, prefix, vision, SiglipTower.Vision, $"{path}: vision_config");
        PatchTokens patches = SiglipTower.ReadPatches(source);
        ClassifierLabels labels = ClassifierLabels.Read(checkpoint, config, path, source.Width);
        var head = new EncoderHead { Pooling = new MeanPooling(source.Width), Projection = labels.Projection, Output = EncoderHead.Logits, Map = (patches.Rows, patches.Columns) };
        return new EncoderModel
        {
            Kind = "imageClassifier",
            Encoders = [new TransformerEncoder("model", patches, source.Tower(i => SiglipTower.ReadLayer(source, i), source.Norm("post_layernorm")), head)],
            Labels = labels.Names,
            Outputs = new Dictionary<string, string> { ["logits"] = "logits", ["probabilities"] = "probabilities", ["features"] = "features", ["headWeights"] = "head_weights" },
            Preprocessing = ImageProcessor.Read(folder, ImageProcessor.Siglip, source.ImageSize, recipe),
        };
    });
}

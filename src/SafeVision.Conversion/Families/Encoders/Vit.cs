namespace SafeVision.Conversion.Families.Encoders;

/// <summary>ViT as a classifier (Dosovitskiy et al., arXiv 2010.11929; transformers, modeling_vit.py, ViTForImageClassification):
/// the class token, normalised, to logits. A pooler, which only the bare model uses, is left out.</summary>
internal sealed class VitClassifier : IEncoderFamily
{
    private static readonly EncoderDefaults s_defaults = new() { Width = 768, Intermediate = 3072, Heads = 12, Activation = "gelu", Epsilon = 1e-12 };

    public string Name => "vit-classifier";

    public bool Recognizes(string folder) => CheckpointFile.ConfigText(folder, "model_type") == "vit";

    public EncoderModel Read(string folder, ConversionRecipe recipe) => EncoderModel.Read(folder, (checkpoint, config) =>
    {
        var source = new EncoderSource(checkpoint, TensorPrefix.Find(checkpoint, "embeddings.cls_token"), config, s_defaults);
        source.RequireColour();
        bool hasBias = config["qkv_bias"].Boolean(true);
        ClassifierLabels labels = ClassifierLabels.Read(checkpoint, config, source.Width);
        return new EncoderModel
        {
            Kind = "imageClassifier",
            Encoders =
            [
                new TransformerEncoder(
                    "model",
                    PatchTokens.Read(source, "embeddings.patch_embeddings.projection", hasBias: true, "embeddings.position_embeddings", "embeddings.cls_token"),
                    source.Tower(i => ReadLayer(source, $"encoder.layer.{i}", hasBias), null),
                    new EncoderHead { Pooling = new PlacePooling(source.Width, IsLast: false), Norm = source.Norm("layernorm"), Projection = labels.Projection, Output = EncoderHead.Logits }),
            ],
            Labels = labels.Names,
            Preprocessing = ImageProcessor.Read(folder, ImageProcessor.Vit, source.ImageSize, recipe),
        };
    });

    private static VisionLayer ReadLayer(EncoderSource source, string name, bool hasBias) => new()
    {
        Name = name,
        AttentionNorm = source.Norm($"{name}.layernorm_before"),
        Query = source.Linear($"{name}.attention.attention.query", source.Width, source.Width, hasBias),
        Key = source.Linear($"{name}.attention.attention.key", source.Width, source.Width, hasBias),
        Value = source.Linear($"{name}.attention.attention.value", source.Width, source.Width, hasBias),
        Output = source.Linear($"{name}.attention.output.dense", source.Width, source.Width),
        MlpNorm = source.Norm($"{name}.layernorm_after"),
        Up = source.Linear($"{name}.intermediate.dense", source.Intermediate, source.Width),
        Down = source.Linear($"{name}.output.dense", source.Width, source.Intermediate),
    };
}

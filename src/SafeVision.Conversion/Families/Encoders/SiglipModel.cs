using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Models;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>
/// SigLIP and SigLIP 2 at one resolution (transformers, modeling_siglip.py, SiglipModel): a tower for pictures and one for
/// texts, whose vectors, not yet of length 1, are compared by their cosine. A text is always filled up, and pooled at its end.
/// </summary>
internal sealed class SiglipModel : IEncoderFamily
{
    public string Name => "siglip";

    public bool Recognizes(string folder) => SiglipTower.Recognizes(folder, asClassifier: false);

    public EncoderModel Read(string folder, ConversionRecipe recipe) => EncoderModel.Read(folder, (checkpoint, config, path) =>
    {
        SiglipTower.RequireOneResolution(config, path);
        string root = TensorPrefix.Find(checkpoint, "text_model.embeddings.token_embedding.weight");
        var vision = new EncoderSource(
            checkpoint, $"{root}vision_model.", CheckpointJson.OptionalObject(config, "vision_config", path) ?? default, SiglipTower.Vision, $"{path}: vision_config");
        var text = new EncoderSource(
            checkpoint, $"{root}text_model.", CheckpointJson.OptionalObject(config, "text_config", path) ?? default, SiglipTower.Text, $"{path}: text_config");
        TextTokens words = ContrastiveTowers.ReadWords(text, SiglipTower.Text, isOpen: false, end: null);
        return new EncoderModel
        {
            Kind = ContrastiveTowers.Kind,
            Encoders = [ReadVision(vision), ReadText(text, words)],
            Outputs = ContrastiveTowers.Outputs,
            Preprocessing = ImageProcessor.Read(folder, ImageProcessor.Siglip, vision.ImageSize, recipe),
            Contrastive = new ContrastiveSettings
            {
                TextFile = ContrastiveTowers.TextFile,
                LogitScale = Math.Exp(ContrastiveTowers.Scalar(checkpoint, $"{root}logit_scale")),
                LogitBias = ContrastiveTowers.Scalar(checkpoint, $"{root}logit_bias"),
                Activation = "sigmoid",
                TextTokens = words.Longest,
                FillsText = true,
                PadToken = ContrastiveTowers.PadToken(folder) ?? text.Integer("pad_token_id", 0, int.MaxValue, 1),
            },
        };
    });

    private static TransformerEncoder ReadVision(EncoderSource source)
    {
        if (CheckpointJson.OptionalBoolean(source.Config, "vision_use_head", source.Where) == false)
        {
            throw new CheckpointException($"{source.Where}: vision_use_head is false, so that there is no vector of a picture to compare.");
        }

        return new TransformerEncoder(
            ContrastiveTowers.Vision, SiglipTower.ReadPatches(source), source.Tower(i => SiglipTower.ReadLayer(source, i), source.Norm("post_layernorm")),
            new EncoderHead { Pooling = AttentionPooling.Read(source), Output = ContrastiveTowers.ImageOutput });
    }

    private static TransformerEncoder ReadText(EncoderSource source, TextTokens words)
    {
        int size = source.Integer("projection_size", 1, 1 << 16, source.Width);
        VisionTransformer tower = source.Tower(i => SiglipTower.ReadLayer(source, i), source.Norm("final_layer_norm")) with { IsText = true };
        return new TransformerEncoder(ContrastiveTowers.Text, words, tower, new EncoderHead
        {
            Pooling = new PlacePooling(source.Width, IsLast: true),
            Projection = source.Linear("head", size, source.Width),
            Output = ContrastiveTowers.TextOutput,
        });
    }
}

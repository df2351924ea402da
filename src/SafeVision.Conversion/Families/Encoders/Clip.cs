// Encoders: networks for images alone or images and texts (Clip, ConvNext, EfficientNetLite, Siglip, Vit): tensor names and
// configuration from an EncoderSource, the graph from TransformerEncoder, ConvolutionEncoder or ConvNextEncoder, an EncoderModel as result.

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>CLIP (Radford et al., arXiv 2103.00020; transformers, modeling_clip.py, CLIPModel): a tower for images and one for
/// texts, whose vectors, not yet of length 1, are compared by their cosine.</summary>
internal sealed class ClipModel : IEncoderFamily
{
    private const int OldEnd = 2; // what configurations said before transformers 4.31, whatever the tokenizer's end is

    private static readonly EncoderDefaults s_vision = new() { Width = 768, Intermediate = 3072, Heads = 12, Activation = "quick_gelu", Epsilon = 1e-5, PatchSize = 32 };
    private static readonly EncoderDefaults s_text = new() { Width = 512, Intermediate = 2048, Heads = 8, Activation = "quick_gelu", Epsilon = 1e-5, Vocabulary = 49408, Positions = 77 };

    public string Name => "clip";

    public bool Recognizes(string folder) => CheckpointFile.ConfigText(folder, "model_type") == "clip";

    public EncoderModel Read(string folder, ConversionRecipe recipe) => EncoderModel.Read(folder, (checkpoint, config) =>
    {
        string root = TensorPrefix.Find(checkpoint, "text_model.embeddings.token_embedding.weight");
        int size = config["projection_dim"].Integer(1, 1 << 16, 512);
        var vision = new EncoderSource(checkpoint, $"{root}vision_model.", Part(config, "vision_config"), s_vision);
        var text = new EncoderSource(checkpoint, $"{root}text_model.", Part(config, "text_config"), s_text);
        TextTokens words = ContrastiveTowers.ReadWords(text, s_text, isOpen: true, Integer(text, "eos_token_id", 49407));
        return new EncoderModel
        {
            Kind = ContrastiveTowers.Kind,
            Encoders = [ReadVision(checkpoint, vision, root, size), ReadText(checkpoint, text, words, root, size)],
            Outputs = ContrastiveTowers.Outputs,
            Preprocessing = ImageProcessor.Read(folder, ImageProcessor.Clip, vision.ImageSize, recipe),
            Contrastive = new ContrastiveSettings
            {
                TextFile = ContrastiveTowers.TextFile,
                LogitScale = Math.Exp(ContrastiveTowers.Scalar(checkpoint, $"{root}logit_scale")),
                Activation = "softmax",
                TextTokens = words.Longest,
                PadToken = ContrastiveTowers.PadToken(folder) ?? Integer(text, "pad_token_id", 1),
            },
        };
    });

    private static TransformerEncoder ReadVision(SafetensorsCheckpoint checkpoint, EncoderSource source, string root, int size)
    {
        source.RequireColour();
        PatchTokens patches = PatchTokens.Read(
            source, "embeddings.patch_embedding", hasBias: false, "embeddings.position_embedding.weight", "embeddings.class_embedding", source.Norm("pre_layrnorm"));
        return new TransformerEncoder(ContrastiveTowers.Vision, patches, source.Tower(i => SiglipTower.ReadLayer(source, i), null), new EncoderHead
        {
            Pooling = new PlacePooling(source.Width, IsLast: false),
            Norm = source.Norm("post_layernorm"),
            Projection = Projection.Read(checkpoint, $"{root}visual_projection", size, source.Width, hasBias: false),
            Output = ContrastiveTowers.ImageOutput,
        });
    }

    private static TransformerEncoder ReadText(SafetensorsCheckpoint checkpoint, EncoderSource source, TextTokens words, string root, int size)
    {
        VisionTransformer tower = source.Tower(i => SiglipTower.ReadLayer(source, i), source.Norm("final_layer_norm")) with { IsText = true, IsCausal = true };
        return new TransformerEncoder(ContrastiveTowers.Text, words, tower, new EncoderHead
        {
            Pooling = new EndPooling(source.Width, words.End == OldEnd ? null : words.End),
            Projection = Projection.Read(checkpoint, $"{root}text_projection", size, source.Width, hasBias: false),
            Output = ContrastiveTowers.TextOutput,
        });
    }

    // Early files have the part twice, the second time without what is as in the class; either may be missing.
    private static JsonValue Part(JsonValue config, string name) => config.Any(name, $"{name}_dict").Object(mayBeMissing: true);

    private static int Integer(EncoderSource source, string name, int otherwise) => source.Integer(name, 0, int.MaxValue, otherwise);
}

/// <summary>What CLIP and SigLIP have in common: the names of what is written, and how the parts outside the towers are read.</summary>
internal static class ContrastiveTowers
{
    public const string Kind = "contrastive";
    public const string Vision = "vision_model";
    public const string Text = "text_model";
    public const string TextFile = $"{Text}.onnx";
    public const string ImageOutput = "image_embeds";
    public const string TextOutput = "text_embeds";

    public static IReadOnlyDictionary<string, string> Outputs { get; } =
        new Dictionary<string, string> { ["imageEmbeddings"] = ImageOutput, ["textEmbeddings"] = TextOutput };

    public static TextTokens ReadWords(EncoderSource source, EncoderDefaults defaults, bool isOpen, int? end)
    {
        int vocabulary = source.Integer("vocab_size", 1, 10_000_000, defaults.Vocabulary), positions = source.Integer("max_position_embeddings", 2, 8192, defaults.Positions);
        return new TextTokens(
            source.Matrix("embeddings.token_embedding.weight", vocabulary, source.Width),
            source.Table("embeddings.position_embedding.weight", positions, source.Width),
            isOpen,
            end);
    }

    /// <summary>A tensor of one number, of any shape.</summary>
    public static double Scalar(SafetensorsCheckpoint checkpoint, string name)
    {
        int[] shape = checkpoint.Tensors.TryGetValue(name, out StoredTensor? tensor) && tensor.Count == 1 ? [.. tensor.Shape] : [];
        double value = checkpoint.Get(name, shape).ToDouble()[0];
        return double.IsFinite(value) && value < 100
            ? value
            : throw new CheckpointException($"{checkpoint.Folder}: '{name}' is {value}, which no model has learned; the checkpoint is damaged.");
    }

    /// <summary>The token that texts are filled up with, as <c>tokenizer_config.json</c> names it; null where the files beside it give no id for it.</summary>
    public static int? PadToken(string folder)
    {
        JsonValue token = Read("tokenizer_config.json")["pad_token"], tokenizer = Read("tokenizer.json");
        if ((token.IsText ? token : token["content"]).Text() is not { } content)
        {
            return null;
        }

        JsonValue[] ids =
        [
            .. tokenizer["added_tokens"].Items().Where(added => added["content"].Text() == content).Select(added => added["id"]),
            tokenizer["model"]["vocab"][content],
            Read("vocab.json")[content],
        ];
        return ids.FirstOrDefault(id => id.Exists) is { Exists: true } found ? found.Integer(0, 10_000_000) : null;

        JsonValue Read(string name) => CheckpointFile.ReadObjectIfThere(Path.Combine(folder, name));
    }
}

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>The towers of SigLIP (Zhai et al., arXiv 2303.15343) and of SigLIP 2 at one resolution (Tschannen et al., arXiv
/// 2502.14786), which is the same graph (transformers, modeling_siglip.py).</summary>
internal static class SiglipTower
{
    public static EncoderDefaults Vision { get; } = new() { Width = 768, Intermediate = 3072, Heads = 12, Activation = "gelu_pytorch_tanh", Epsilon = 1e-6 };
    public static EncoderDefaults Text { get; } = Vision with { Vocabulary = 32000, Positions = 64 };

    /// <summary>Whether a folder's configuration is of a SigLIP model, and whether of a classifier.</summary>
    public static bool Recognizes(string folder, bool asClassifier)
    {
        if (CheckpointFile.ConfigText(folder, "model_type") is not ("siglip" or "siglip2"))
        {
            return false;
        }

        JsonValue architectures = CheckpointFile.ReadObject(Path.Combine(folder, "config.json"))["architectures"];
        return (architectures.IsArray && architectures.Items().Any(name => name.IsText && name.RequiredText().EndsWith("ForImageClassification", StringComparison.Ordinal))) == asClassifier;
    }

    /// <exception cref="CheckpointException">The model takes images of any shape, each with a mask, which no graph of one size does.</exception>
    public static void RequireOneResolution(JsonValue config)
    {
        if (config["model_type"].Text() == "siglip2")
        {
            throw new CheckpointException(
                $"{config.Where}: model_type is 'siglip2', the NaFlex variant, which takes images cut into patches at their own proportions; only the variants of one resolution (model_type 'siglip', such as siglip2-base-patch16-224) can be converted.");
        }
    }

    public static PatchTokens ReadPatches(EncoderSource source)
    {
        source.RequireColour();
        return PatchTokens.Read(source, "embeddings.patch_embedding", hasBias: true, "embeddings.position_embedding.weight");
    }

    /// <summary>A layer of either tower, and of CLIP's, whose names are the same.</summary>
    public static VisionLayer ReadLayer(EncoderSource source, int index)
    {
        string name = $"encoder.layers.{index}";
        (int width, int inner) = (source.Width, source.Intermediate);
        return new VisionLayer
        {
            Name = name,
            AttentionNorm = source.Norm($"{name}.layer_norm1"),
            Query = source.Linear($"{name}.self_attn.q_proj", width, width),
            Key = source.Linear($"{name}.self_attn.k_proj", width, width),
            Value = source.Linear($"{name}.self_attn.v_proj", width, width),
            Output = source.Linear($"{name}.self_attn.out_proj", width, width),
            MlpNorm = source.Norm($"{name}.layer_norm2"),
            Up = source.Linear($"{name}.mlp.fc1", inner, width),
            Down = source.Linear($"{name}.mlp.fc2", width, inner),
        };
    }
}

/// <summary>SigLIP and SigLIP 2 at one resolution (transformers, modeling_siglip.py, SiglipModel): a tower for images and one for
/// texts, whose vectors, not yet of length 1, are compared by their cosine. A text is always filled up, and pooled at its
/// end.</summary>
internal sealed class SiglipModel : IEncoderFamily
{
    public string Name => "siglip";

    public bool Recognizes(string folder) => SiglipTower.Recognizes(folder, asClassifier: false);

    public EncoderModel Read(string folder, ConversionRecipe recipe) => EncoderModel.Read(folder, (checkpoint, config) =>
    {
        SiglipTower.RequireOneResolution(config);
        string root = TensorPrefix.Find(checkpoint, "text_model.embeddings.token_embedding.weight");
        var vision = new EncoderSource(
            checkpoint, $"{root}vision_model.", config["vision_config"].Object(mayBeMissing: true), SiglipTower.Vision);
        var text = new EncoderSource(
            checkpoint, $"{root}text_model.", config["text_config"].Object(mayBeMissing: true), SiglipTower.Text);
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
        if (source.Config["vision_use_head"].Boolean(true) == false)
        {
            throw new CheckpointException($"{source.Where}: vision_use_head is false, so that there is no vector of an image to compare.");
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

/// <summary>SigLIP's vision tower as a classifier (transformers, modeling_siglip.py, SiglipForImageClassification): the mean of all
/// tokens to logits. So what each place of an image adds to a logit is known, and heat maps are exact.</summary>
internal sealed class SiglipClassifier : IEncoderFamily
{
    public string Name => "siglip-classifier";

    public bool Recognizes(string folder) => SiglipTower.Recognizes(folder, asClassifier: true);

    public EncoderModel Read(string folder, ConversionRecipe recipe) => EncoderModel.Read(folder, (checkpoint, config) =>
    {
        SiglipTower.RequireOneResolution(config);
        JsonValue vision = config["vision_config"].Object(mayBeMissing: true);
        string prefix = TensorPrefix.Find(checkpoint, "embeddings.patch_embedding.weight");
        var source = new EncoderSource(checkpoint, prefix, vision, SiglipTower.Vision);
        PatchTokens patches = SiglipTower.ReadPatches(source);
        ClassifierLabels labels = ClassifierLabels.Read(checkpoint, config, source.Width);
        var head = new EncoderHead { Pooling = new MeanPooling(source.Width), Projection = labels.Projection, Output = EncoderHead.Logits, Map = (patches.Rows, patches.Columns) };
        return new EncoderModel
        {
            Kind = "imageClassifier",
            Encoders = [new TransformerEncoder("model", patches, source.Tower(i => SiglipTower.ReadLayer(source, i), source.Norm("post_layernorm")), head)],
            Labels = labels.Names,
            Outputs = ConvolutionEncoder.Outputs,
            Preprocessing = ImageProcessor.Read(folder, ImageProcessor.Siglip, source.ImageSize, recipe),
        };
    });
}

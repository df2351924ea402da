namespace SafeVision.VisionLanguage.Families;

/// <summary>Mistral 3 (transformers, models/mistral3, pixtral and ministral3): a Pixtral tower (Agrawal et al., arXiv
/// 2410.07073) for images of any size, squares of patches merged, a mark behind each row of tokens, and a Mistral text
/// model.</summary>
internal sealed class Mistral3 : VisionLanguageFamily
{
    public override string Name => "mistral3";

    public override IReadOnlyList<string> ModelTypes { get; } = ["mistral3"];

    // Of the published files on the left.
    private protected override IReadOnlyList<TensorSpelling> Spellings { get; } =
    [
        new("language_model.model.", "model.language_model."), new("language_model.lm_head.", "lm_head."),
        new("vision_tower.", "model.vision_tower."), new("multi_modal_projector.", "model.multi_modal_projector."),
    ];

    public override TextSettings ReadText(JsonValue config) => new MistralText(config);

    public override VisionSettings ReadVision(JsonValue config) => new PixtralVision(config);

    internal override VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options)
    {
        PixtralPreparation images = Images(configuration, options);
        return Profile(configuration, tokenizer, images, images.ImageMark, []);
    }

    /// <summary>How images are prepared, which needs no tokenizer.</summary>
    public static PixtralPreparation Images(ModelConfiguration configuration, PreparationOptions? options = null)
    {
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        settings.RequireResize();
        return new PixtralPreparation(
            Patching(configuration, settings.Values["size"]["longest_edge"], options ?? PreparationOptions.Default),
            settings.Normalisation(PreprocessorSettings.ClipMean, PreprocessorSettings.ClipStd),
            settings.Filter(ResampleFilter.Bicubic));
    }

    private static PixtralPatching Patching(ModelConfiguration configuration, JsonValue longest, PreparationOptions options)
    {
        JsonValue processor = configuration.Processor;
        // The processor's numbers count; they must be those of the network.
        var vision = new PixtralVision(configuration.Config);
        processor["patch_size"].Require(vision.PatchSize, "as config.json says");
        processor["spatial_merge_size"].Require(vision.Merge, "as config.json says");
        int factor = vision.PatchSize * vision.Merge, edge = longest.Integer(1, 1 << 14, vision.LargestImage);
        int side = PixtralPreparation.Along(edge, factor);
        ImageBudget.Require(longest, (long)side * (side + 1), 3L * side * side * factor * factor);
        while (options.MaximumTokens is { } budget && side > 1 && side * (side + 1) > budget)
        {
            edge = --side * factor;
        }

        return new PixtralPatching(factor, edge)
        {
            ImageMark = processor["image_token"].Text("[IMG]"),
            BreakMark = processor["image_break_token"].Text("[IMG_BREAK]"),
            EndMark = processor["image_end_token"].Text("[IMG_END]"),
        };
    }
}

/// <summary>The language model: Llama's layers, whose queries grow with the logarithm of their position beyond those of the first training.</summary>
internal sealed class MistralText(JsonValue config) : TextSettings(config)
{
    public override double? QueryGrowth => Parameters["llama_4_scaling_beta"] is { Exists: true } beta ? beta.Number() : null;

    public override int QueryGrowthPositions => Parameters["original_max_position_embeddings"].Integer(1, 1 << 24, ContextLength ?? 1 << 14);

    private JsonValue Parameters => Config["rope_parameters"].Object(mayBeMissing: true);
}

/// <summary>Pixtral; what the file leaves out is what transformers' PixtralVisionConfig and Mistral3Config have.</summary>
internal sealed class PixtralVision(JsonValue config) : VisionSettings(config)
{
    private protected override TowerDefaults Defaults => new(24, 1024, 4096, 16, 16, "gelu");

    public override int Heads => Config["num_attention_heads"] is var setting && Divisor(setting.Integer(1, 1024, 16)) is var heads && Width / heads % 4 == 0
        ? heads
        : throw setting.Wrong("heads whose size is a multiple of 4");

    public override double Epsilon => 1e-5; // the class's own, whatever the file says

    public override bool HasRmsNorm => true;

    public override bool HasQueryKeyValueBias => false;

    public override bool HasFinalNorm => false;

    public override int PatchSize => Side(Config["patch_size"], 16);

    public override int Merge => Whole["spatial_merge_size"].Integer(1, 16, 2);

    public override double? RotaryBase => Config["rope_parameters"]["rope_theta"] is { Exists: true } newer ? newer.Number() : Config["rope_theta"].Number(10_000);

    /// <summary>The longest side for which the tower was made.</summary>
    public int LargestImage => Side(Config["image_size"], 1540);

    public override int UsedLayers
    {
        get
        {
            Require("projector_hidden_act", "gelu");
            int layer = Whole["vision_feature_layer"].Integer(-Layers - 1, Layers, -1);
            return layer < 0 ? Layers + 1 + layer : layer;
        }
    }

    /// <summary>Whether the projections behind the merger have biases.</summary>
    public override bool HasProjectorBias => Whole["multimodal_projector_bias"].Boolean(false);
}

/// <summary>The numbers and marks of Pixtral's preprocessing.</summary>
/// <param name="Factor">The side in pixels of what becomes one token.</param>
/// <param name="LongestEdge">The most pixels of an image's longer side.</param>
internal sealed record PixtralPatching(int Factor, int LongestEdge)
{
    /// <summary>The image token's text.</summary>
    public string ImageMark { get; init; } = "[IMG]";

    /// <summary>What stands behind each row of tokens but the last.</summary>
    public string BreakMark { get; init; } = "[IMG_BREAK]";

    /// <summary>What stands behind the last row.</summary>
    public string EndMark { get; init; } = "[IMG_END]";
}

/// <summary>Images that are larger than the longest edge are shrunk to it; then both sides become multiples of what one
/// token shows, upwards (<c>image_processing_pixtral.py</c> of transformers). Thread-safe.</summary>
internal sealed class PixtralPreparation(PixtralPatching patching, ChannelTables normalisation, ResampleFilter filter) : IImagePreparation
{
    private readonly ImagePlanCache _plans = new();

    /// <summary>The image token's text.</summary>
    public string ImageMark => patching.ImageMark;

    public int ShortSide => patching.LongestEdge;

    public int MaximumTokens => Along(patching.LongestEdge, patching.Factor) is var side ? side * side : 0;

    /// <summary>Tokens along a side of so many pixels.</summary>
    public static int Along(int side, int factor) => (side + factor - 1) / factor;

    public ImagePlan Plan(int width, int height)
    {
        (int resizedWidth, int resizedHeight) = Resized(width, height);
        return _plans.Get(resizedWidth / patching.Factor, resizedHeight / patching.Factor, CreatePlan);
    }

    public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels)
    {
        (int width, int height) = Resized(frame.Width, frame.Height);
        ImageBudget.RequireLength(frame, 3 * width * height, plan, pixels);
        var sink = new PlaneSink(normalisation, pixels, width, width * height);
        ReferenceResize.Run(new PackedPixels(frame), width, height, filter, ref sink);
    }

    public (int Width, int Height) Resized(int width, int height)
    {
        double ratio = Math.Max(height / (double)patching.LongestEdge, width / (double)patching.LongestEdge);
        if (ratio > 1)
        {
            // The reference refuses a side that becomes 0; here it is one token wide, so that no shape of an image keeps it from being judged.
            (width, height) = (Math.Max(1, (int)Math.Floor(width / ratio)), Math.Max(1, (int)Math.Floor(height / ratio)));
        }

        return (Along(width, patching.Factor) * patching.Factor, Along(height, patching.Factor) * patching.Factor);
    }

    private ImagePlan CreatePlan(int columns, int rows)
    {
        var text = new StringBuilder();
        for (int row = 1; row <= rows; row++)
        {
            text.Insert(text.Length, patching.ImageMark, columns).Append(row < rows ? patching.BreakMark : patching.EndMark);
        }

        return new ImagePlan
        {
            PixelShape = [1, 3, rows * patching.Factor, columns * patching.Factor],
            Tokens = rows * columns,
            Text = text.ToString(),
            Regions = new TileRegions(columns, rows, 1),
        };
    }

    /// <summary>Puts rows of pixels into three planes, [3, height, width].</summary>
    private readonly ref struct PlaneSink(ChannelTables tables, Span<float> planes, int width, int plane) : IResampleRowSink
    {
        private readonly Span<float> _planes = planes;

        public void Write(int row, ReadOnlySpan<byte> pixels) => tables.Normalise(
            pixels, _planes.Slice(row * width, width), _planes.Slice(plane + (row * width), width), _planes.Slice((2 * plane) + (row * width), width));
    }
}

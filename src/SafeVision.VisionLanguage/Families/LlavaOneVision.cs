namespace SafeVision.VisionLanguage.Families;

/// <summary>LLaVA-OneVision: SigLIP and a Qwen2 text model. A image is one tile, resized plainly, as transformers.js
/// does it for the published exports. The higher resolutions of the original (<c>image_grid_pinpoints</c>) are not
/// supported: they need a learned row end, <c>image_newline</c>, which no published export has.</summary>
internal sealed class LlavaOneVision : VisionLanguageFamily
{
    public override string Name => "llava-onevision";

    public override IReadOnlyList<string> ModelTypes { get; } = ["llava_onevision"];

    public override VisionSettings ReadVision(JsonValue config) => new Vision(config);

    internal override VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options) =>
        Profile(configuration, tokenizer, Images(configuration), Mark(configuration), ["<|im_end|>"]);

    /// <summary>How images are prepared, which needs no tokenizer.</summary>
    public static SingleTilePreparation Images(ModelConfiguration configuration)
    {
        JsonValue config = configuration.Config;
        var vision = new Vision(config);
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        JsonValue size = settings.Values["size"] is { Exists: true } stated ? stated : vision.Config["image_size"];
        int side = PreprocessorSettings.Square(size) ?? throw size.Wrong("the side of an image in pixels");
        JsonValue strategy = config["vision_feature_select_strategy"];
        int tokens = side / vision.PatchSize;
        if (strategy.Text("full") != "full")
        {
            throw strategy.Wrong("\"full\": one token for each patch");
        }

        JsonValue length = configuration.Processor["num_image_tokens"];
        if (length.Integer(1, ImageBudget.MostTokens, tokens * tokens) != tokens * tokens)
        {
            throw length.Wrong($"{tokens * tokens}, one token for each patch of a plainly resized image; several tiles for an image (image_grid_pinpoints) are not supported");
        }

        ImageBudget.Require(size, (long)tokens * tokens, 3L * side * side);
        return new SingleTilePreparation(side, tokens, Mark(configuration), settings.Normalisation(PreprocessorSettings.Half, PreprocessorSettings.Half), settings.Filter(ResampleFilter.Bicubic));
    }

    private static string Mark(ModelConfiguration configuration) => configuration.Processor["image_token"].Text("<image>");

    private sealed class Vision(JsonValue config) : VisionSettings(config)
    {
        public override int? ImageSize => Side(Config["image_size"]);
    }
}

/// <summary>Images of any shape as one square tile: a plain resize, whatever the aspect ratio.</summary>
/// <param name="side">The tile's side in pixels.</param>
/// <param name="tokens">Image tokens along a side of the tile.</param>
/// <param name="normalisation">How bytes become network inputs.</param>
internal sealed class SingleTilePreparation(int side, int tokens, string mark, ChannelTables normalisation, ResampleFilter filter) : IImagePreparation
{
    private readonly TileWriter _writer = new(normalisation, filter, side);

    private readonly ImagePlan _plan = new()
    {
        PixelShape = [1, 3, side, side],
        Tokens = tokens * tokens,
        Text = string.Concat(Enumerable.Repeat(mark, tokens * tokens)),
        Regions = new TileRegions(1, 1, tokens),
    };

    public int ShortSide => side;

    public int MaximumTokens => tokens * tokens;

    public ImagePlan Plan(int width, int height) => _plan;

    public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels)
    {
        ImageBudget.RequireLength(frame, _writer.TileLength, plan, pixels);
        _writer.Write(new PackedPixels(frame), 1, 1, pixels);
    }
}

namespace SafeVision.VisionLanguage.Families;

/// <summary>Idefics3 and SmolVLM: SigLIP, pixel shuffle and a Llama text model.</summary>
internal sealed class Idefics3 : VisionLanguageFamily
{
    // As in SmolVLM's chat template.
    private const string Conversation =
        "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
        + "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
        + "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}"
        + "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}";

    public override string Name => "smolvlm";

    public override IReadOnlyList<string> ModelTypes { get; } = ["idefics3", "smolvlm"];

    // Published files keep their names; in transformers 5 too the tower and the connector stand where they did.
    private protected override IReadOnlyList<TensorSpelling> Spellings { get; } = [new("model.text_model.", "model.language_model.")];

    public override VisionSettings ReadVision(JsonValue config) => new Vision(config);

    internal override VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options)
    {
        Idefics3Preparation images = Images(configuration, options);
        return Profile(configuration, tokenizer, images, images.ImageMark, ["<end_of_utterance>"], Conversation);
    }

    /// <summary>How images are prepared, which needs no tokenizer.</summary>
    public static Idefics3Preparation Images(ModelConfiguration configuration, PreparationOptions options)
    {
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        settings.RequireResize();
        Idefics3Tiling tiling = Tiling(configuration, settings.Values, options);
        return new Idefics3Preparation(
            tiling, settings.Normalisation(PreprocessorSettings.Half, PreprocessorSettings.Half), settings.Filter(ResampleFilter.Lanczos));
    }

    private static Idefics3Tiling Tiling(ModelConfiguration configuration, JsonValue values, PreparationOptions options)
    {
        var vision = new Vision(configuration.Config);
        JsonValue longest = values["size"]["longest_edge"], factor = configuration.Config["scale_factor"];
        int side = values["max_image_size"]["longest_edge"].Integer(1, ImageBudget.LongestTile, 364);
        int patches = side / vision.PatchSize, shrink = vision.Merge;
        if (patches % shrink != 0)
        {
            throw factor.Wrong($"what divides the {patches} patches along a side of a tile");
        }

        var tiling = new Idefics3Tiling
        {
            Side = side,
            LongestEdge = longest.Integer(1, 1 << 16, 4 * side),
            TokensOfSide = patches / shrink,
            IsSplit = values["do_image_splitting"].Boolean(true),
            ImageMark = configuration.Processor["image_token"].Text() ?? "<image>",
        };
        configuration.Processor["image_seq_len"].Require(tiling.TokensOfTile, "which the sizes of tile and patch give");
        int tiles = Idefics3Preparation.MostTiles(tiling);
        if (tiles > ImageBudget.MostTiles + 1)
        {
            throw longest.Wrong($"a length that gives at most {ImageBudget.MostTiles} tiles of {side} pixels, not {tiles - 1}");
        }

        ImageBudget.Require(longest, (long)tiles * tiling.TokensOfTile, 3L * tiles * side * side);
        return Limit(tiling, options);
    }

    /// <summary>Shortens the longest edge until a square image, which has most tiles, has no more than the host wants.</summary>
    private static Idefics3Tiling Limit(Idefics3Tiling tiling, PreparationOptions options)
    {
        if (options.MaximumTiles is not int most || Idefics3Preparation.MostTiles(tiling) <= most + 1)
        {
            return tiling;
        }

        int along = (int)Math.Sqrt(most);
        return along == 1 ? tiling with { IsSplit = false } : tiling with { LongestEdge = along * tiling.Side - (along * tiling.Side % 2) };
    }

    /// <summary>SigLIP; what the file leaves out is what transformers' SmolVLMVisionConfig has.</summary>
    private sealed class Vision(JsonValue config) : VisionSettings(config)
    {
        private protected override TowerDefaults Defaults => new(12, 1152, 3072, 16, 32, "gelu_pytorch_tanh");

        public override int? ImageSize => Side(Config["image_size"], 224);

        public override int Merge => Whole["scale_factor"].Integer(1, 64, 2);
    }
}

/// <summary>The numbers and marks of Idefics3's image splitting.</summary>
internal sealed record Idefics3Tiling
{
    /// <summary>A tile's side in pixels.</summary>
    public required int Side { get; init; }

    /// <summary>What an image's longer side is resized to before it is split.</summary>
    public required int LongestEdge { get; init; }

    /// <summary>Image tokens along a side of a tile.</summary>
    public required int TokensOfSide { get; init; }

    public required bool IsSplit { get; init; }

    /// <summary>The image token's text.</summary>
    public string ImageMark { get; init; } = "<image>";

    /// <summary>What stands before every tile and after the last.</summary>
    public string FakeMark { get; init; } = "<fake_token_around_image>";

    /// <summary>What stands before the overview.</summary>
    public string GlobalMark { get; init; } = "<global-img>";

    public int TokensOfTile => TokensOfSide * TokensOfSide;
}

/// <summary>Image splitting: the image's longer side is resized to a fixed length, then both sides up to whole tiles,
/// and the tiles are followed by an overview, which is made from the image resized so and not from the original
/// (<c>image_processing_pil_smolvlm.py</c> of transformers; each resize rounds to bytes).</summary>
internal sealed class Idefics3Preparation(Idefics3Tiling tiling, ChannelTables normalisation, ResampleFilter filter) : IImagePreparation
{
    // As in transformers, whatever the file says of the longest edge.
    private const int LongestSide = 4096;

    private readonly TileWriter _writer = new(normalisation, filter, tiling.Side);
    private readonly ImagePlanCache _plans = new();

    /// <summary>The image token's text.</summary>
    public string ImageMark => tiling.ImageMark;

    public int ShortSide => Math.Min(tiling.LongestEdge, LongestSide);

    public int MaximumTokens => MostTiles(tiling) * tiling.TokensOfTile;

    /// <summary>The most tiles that an image of any size gives, the overview included.</summary>
    public static int MostTiles(Idefics3Tiling tiling)
    {
        // The shorter side is made even, which may make it the longer one by a pixel.
        int longest = Math.Min(tiling.LongestEdge, LongestSide), side = Tiles(longest + (longest % 2), tiling.Side);
        return tiling.IsSplit && side > 1 ? (side * side) + 1 : 1;
    }

    public ImagePlan Plan(int width, int height)
    {
        (int columns, int rows) = Grid(Canvas(Resized(width, height)));
        return _plans.Get(columns, rows, CreatePlan);
    }

    public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels)
    {
        (int Width, int Height) first = Resized(frame.Width, frame.Height), canvas = Canvas(first);
        (int columns, int rows) = Grid(canvas);
        ImageBudget.RequireLength(frame, ((columns * rows) + 1) * _writer.TileLength, plan, pixels);

        var source = new PackedPixels(frame);
        byte[] firstPixels = Resize(source, first), canvasPixels = [];
        try
        {
            var resized = new PackedPixels(firstPixels, first.Width, first.Height);
            if (columns * rows == 0)
            {
                _writer.Write(resized, 1, 1, pixels);
                return;
            }

            canvasPixels = Resize(resized, canvas);
            var whole = new PackedPixels(canvasPixels, canvas.Width, canvas.Height);
            _writer.Write(whole, columns, rows, pixels);
            _writer.Write(whole, 1, 1, pixels[(columns * rows * _writer.TileLength)..]);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(firstPixels);
            ArrayPool<byte>.Shared.Return(canvasPixels);
        }
    }

    /// <summary>The size after the first resize; see <c>get_resize_output_image_size</c> of the reference, floating point and all.</summary>
    private (int Width, int Height) Resized(int width, int height)
    {
        double ratio = width / (double)height;
        (width, height) = width >= height
            ? (tiling.LongestEdge, Even((int)(tiling.LongestEdge / ratio)))
            : (Even((int)(tiling.LongestEdge * ratio)), tiling.LongestEdge);
        (width, height) = (Math.Max(width, 1), Math.Max(height, 1));

        ratio = width / (double)height;
        if (width >= height && width > LongestSide)
        {
            (width, height) = (LongestSide, (int)(LongestSide / ratio));
        }
        else if (height > width && height > LongestSide)
        {
            (width, height) = ((int)(LongestSide * ratio), LongestSide);
        }

        return (Math.Max(width, 1), Math.Max(height, 1));
    }

    /// <summary>The size in whole tiles; see <c>resize_for_vision_encoder</c> of the reference.</summary>
    private (int Width, int Height) Canvas((int Width, int Height) size)
    {
        if (!tiling.IsSplit)
        {
            return (tiling.Side, tiling.Side);
        }

        int side = tiling.Side;
        double ratio = size.Width / (double)size.Height;
        if (size.Width >= size.Height)
        {
            int width = Tiles(size.Width, side) * side;
            return (width, Math.Max(Tiles((int)(width / ratio), side), 1) * side);
        }

        int height = Tiles(size.Height, side) * side;
        return (Math.Max(Tiles((int)(height * ratio), side), 1) * side, height);
    }

    /// <summary>Columns and rows of tiles; none where the overview is all there is.</summary>
    private (int Columns, int Rows) Grid((int Width, int Height) canvas) =>
        canvas.Width > tiling.Side || canvas.Height > tiling.Side ? (canvas.Width / tiling.Side, canvas.Height / tiling.Side) : (0, 0);

    private ImagePlan CreatePlan(int columns, int rows)
    {
        int tiles = (columns * rows) + 1;
        return new ImagePlan
        {
            PixelShape = [1, tiles, 3, tiling.Side, tiling.Side],
            Tokens = tiles * tiling.TokensOfTile,
            Text = Text(columns, rows),
            Regions = new TileRegions(columns, rows, tiling.TokensOfSide) { HasOverview = true },
            Inputs = [new ImageInput(["pixel_attention_mask"], [1, tiles, tiling.Side, tiling.Side], [1])],
        };
    }

    private string Text(int columns, int rows)
    {
        var text = new StringBuilder();
        for (int row = 1; row <= rows; row++)
        {
            for (int column = 1; column <= columns; column++)
            {
                Append($"<row_{row}_col_{column}>");
            }

            text.Append('\n');
        }

        if (rows > 0)
        {
            text.Append('\n');
        }

        Append(tiling.GlobalMark);
        return text.Append(tiling.FakeMark).ToString();

        void Append(string place)
        {
            text.Append(tiling.FakeMark).Append(place).Insert(text.Length, tiling.ImageMark, tiling.TokensOfTile);
        }
    }

    private byte[] Resize(PackedPixels source, (int Width, int Height) size)
    {
        byte[] pixels = ArrayPool<byte>.Shared.Rent(size.Width * size.Height * 3);
        var rows = new PixelRows(pixels, size.Width * 3);
        ReferenceResize.Run(source, size.Width, size.Height, filter, ref rows);
        return pixels;
    }

    private static int Even(int side) => side + (side % 2);

    private static int Tiles(int length, int side) => (length + side - 1) / side;
}

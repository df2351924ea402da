using SafeVision.Files;
using SafeVision.Imaging;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// InternVL 2 to 3: InternViT, pixel shuffle and an InternLM2, Qwen2 or Llama text model, in the layout of its authors
/// (<c>internvl_chat</c>) and in that of transformers (<c>internvl</c>).
/// </summary>
internal sealed class InternVl : IVisionLanguageFamily
{
    private static readonly ChannelValues s_mean = new(0.485, 0.456, 0.406);
    private static readonly ChannelValues s_std = new(0.229, 0.224, 0.225);

    public string Name => "internvl";

    public IReadOnlyList<string> ModelTypes { get; } = ["internvl_chat", "internvl"];

    public VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options)
    {
        InternVlTiling tiling = Tiling(configuration, options);
        (ConversationTemplate conversation, string mark) = LanguageSettings.Conversation(configuration, tokenizer, [tiling.ContextMark, "<image>"], otherwise: null);
        return new VisionLanguageProfile
        {
            Family = Name,
            Images = Images(configuration, tiling),
            ImageMark = mark,
            ImageToken = LanguageSettings.ImageToken(configuration.Config["image_token_id"], tokenizer, tiling.ContextMark),
            Conversation = conversation,
            StopTokens = LanguageSettings.StopTokens(configuration, tokenizer, "<|im_end|>", "<|end|>"),
            ContextLength = LanguageSettings.ContextLength(configuration),
        };
    }

    /// <summary>How images are prepared, which needs no tokenizer.</summary>
    public static InternVlPreparation Images(ModelConfiguration configuration, PreparationOptions options) =>
        Images(configuration, Tiling(configuration, options));

    private static InternVlPreparation Images(ModelConfiguration configuration, InternVlTiling tiling)
    {
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        return new InternVlPreparation(tiling, settings.Normalisation(s_mean, s_std), settings.Filter(ResampleFilter.Bicubic));
    }

    private static InternVlTiling Tiling(ModelConfiguration configuration, PreparationOptions options)
    {
        InternVlTiling tiling = configuration.Config["model_type"].Text() == "internvl"
            ? ReadTransformers(configuration, options)
            : ReadOriginal(configuration, options);
        return tiling with
        {
            StartMark = configuration.Tokenizer["start_image_token"].Text(tiling.StartMark)!,
            ContextMark = configuration.Tokenizer["context_image_token"].Text(tiling.ContextMark)!,
            EndMark = configuration.Tokenizer["end_image_token"].Text(tiling.EndMark)!,
        };
    }

    /// <summary>As <c>configuration_internvl_chat.py</c> and <c>load_image</c> of the model cards.</summary>
    private static InternVlTiling ReadOriginal(ModelConfiguration configuration, PreparationOptions options)
    {
        JsonValue config = configuration.Config;
        JsonValue side = config["force_image_size"] is { Exists: true } forced ? forced : config["vision_config"]["image_size"];
        JsonValue most = config["max_dynamic_patch"];
        int maximum = config["dynamic_image_size"].Boolean(false) ? most.Integer(1, ImageBudget.MostTiles, 6) : 1;
        return Create(
            config, side, config["min_dynamic_patch"], maximum, most, config["use_thumbnail"].Boolean(false), options) with
        {
            IsTransposed = config["ps_version"].Text("v1") == "v1",
        };
    }

    /// <summary>As transformers' InternVLProcessor, which cuts into tiles and adds a thumbnail whatever the file says of <c>crop_to_patches</c>.</summary>
    private static InternVlTiling ReadTransformers(ModelConfiguration configuration, PreparationOptions options)
    {
        JsonValue preprocessor = PreprocessorSettings.Read(configuration).Values;
        JsonValue side = preprocessor["size"] is { Exists: true } size ? size : configuration.Config["vision_config"]["image_size"];
        JsonValue most = preprocessor["max_patches"];
        InternVlTiling tiling = Create(
            configuration.Config, side, preprocessor["min_patches"], most.Integer(1, ImageBudget.MostTiles, 12), most, hasThumbnail: true, options);
        foreach (JsonValue length in (ReadOnlySpan<JsonValue>)[configuration.Processor["image_seq_length"], configuration.Config["image_seq_length"]])
        {
            if (length.Integer(1, ImageBudget.MostTokens, tiling.TokensOfTile) != tiling.TokensOfTile)
            {
                throw length.Wrong($"{tiling.TokensOfTile}, which the sizes of tile and patch give");
            }
        }

        return tiling;
    }

    private static InternVlTiling Create(
        JsonValue config, JsonValue sideSetting, JsonValue least, int maximum, JsonValue most, bool hasThumbnail, PreparationOptions options)
    {
        int side = PreprocessorSettings.Square(sideSetting) ?? throw sideSetting.Wrong("the side of a tile in pixels");
        JsonValue patchSetting = config["vision_config"]["patch_size"], ratioSetting = config["downsample_ratio"];
        int patch = PreprocessorSettings.Square(patchSetting) ?? throw patchSetting.Wrong("the side of a patch in pixels");
        double ratio = ratioSetting.Number(0.5);
        double tokens = side / patch * ratio;
        if (ratio is not (> 0 and <= 1) || tokens < 1 || tokens != Math.Truncate(tokens))
        {
            throw ratioSetting.Wrong($"a share that leaves whole rows of the {side / patch} patches along a side");
        }

        // The limits hold for what the files say, whatever the host asks for.
        int minimum = least.Integer(1, maximum, 1), tiles = maximum + (hasThumbnail && maximum > 1 ? 1 : 0);
        ImageBudget.Require(most, tiles * (long)(tokens * tokens), tiles * 3L * side * side);
        maximum = Math.Min(maximum, options.MaximumTiles ?? maximum);
        return new InternVlTiling
        {
            Side = side,
            TokensOfSide = (int)tokens,
            MinimumTiles = Math.Min(minimum, maximum),
            MaximumTiles = maximum,
            HasThumbnail = hasThumbnail,
        };
    }
}

/// <summary>The numbers and marks of InternVL's dynamic tiling.</summary>
internal sealed record InternVlTiling
{
    /// <summary>A tile's side in pixels.</summary>
    public required int Side { get; init; }

    /// <summary>Image tokens along a side of a tile.</summary>
    public required int TokensOfSide { get; init; }

    /// <summary>The fewest tiles, the thumbnail apart.</summary>
    public int MinimumTiles { get; init; } = 1;

    /// <summary>The most tiles, the thumbnail apart.</summary>
    public required int MaximumTiles { get; init; }

    /// <summary>Whether a thumbnail follows where there is more than one tile.</summary>
    public required bool HasThumbnail { get; init; }

    /// <summary>Whether a tile's tokens run down its columns: pixel shuffle before <c>ps_version</c> v2.</summary>
    public bool IsTransposed { get; init; }

    /// <summary>What stands in the prompt before an image's tokens.</summary>
    public string StartMark { get; init; } = "<img>";

    /// <summary>The image token's text.</summary>
    public string ContextMark { get; init; } = "<IMG_CONTEXT>";

    /// <summary>What stands in the prompt after an image's tokens.</summary>
    public string EndMark { get; init; } = "</img>";

    /// <summary>Image tokens of a tile.</summary>
    public int TokensOfTile => TokensOfSide * TokensOfSide;
}

/// <summary>
/// Dynamic tiling: the image is resized, whatever its aspect ratio, to the grid of square tiles whose ratio is closest to it, and
/// a thumbnail of the whole image comes last where there is more than one tile (<c>dynamic_preprocess</c> of InternVL, equal to
/// <c>crop_image_to_patches</c> of transformers' GotOcr2ImageProcessor).
/// </summary>
internal sealed class InternVlPreparation : IImagePreparation
{
    private readonly InternVlTiling _tiling;
    private readonly TileWriter _writer;
    private readonly (int Columns, int Rows)[] _grids;
    private readonly ImagePlanCache _plans;

    public InternVlPreparation(InternVlTiling tiling, ChannelTables normalisation, ResampleFilter filter)
    {
        _tiling = tiling;
        _writer = new TileWriter(normalisation, filter, tiling.Side);
        _grids = Grids(tiling.MinimumTiles, tiling.MaximumTiles);
        _plans = new ImagePlanCache(CreatePlan);
    }

    public int ShortSide => (int)Math.Sqrt(_tiling.MaximumTiles) * _tiling.Side;

    public int MaximumTokens => Tiles(_tiling.MaximumTiles) * _tiling.TokensOfTile;

    public ImagePlan Plan(int width, int height)
    {
        (int columns, int rows) = Grid(width, height);
        return _plans.Get(columns, rows);
    }

    public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels)
    {
        (int columns, int rows) = Grid(frame.Width, frame.Height);
        ImageBudget.RequireLength(frame, Tiles(columns * rows) * _writer.TileLength, plan, pixels);
        var source = new PackedPixels(frame);
        _writer.Write(source, columns, rows, pixels);
        if (HasThumbnail(columns * rows))
        {
            _writer.Write(source, 1, 1, pixels[(columns * rows * _writer.TileLength)..]);
        }
    }

    /// <summary>The grid whose aspect ratio is closest to the image's.</summary>
    public (int Columns, int Rows) Grid(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        double ratio = width / (double)height, closest = double.PositiveInfinity;
        (int Columns, int Rows) best = (1, 1);
        foreach ((int Columns, int Rows) grid in _grids)
        {
            double distance = Math.Abs(ratio - (grid.Columns / (double)grid.Rows));

            // Of equally close grids, the larger one if the image has more than half of its pixels.
            if (distance < closest || (distance == closest && (double)width * height > 0.5 * _tiling.Side * _tiling.Side * grid.Columns * grid.Rows))
            {
                (best, closest) = (grid, distance);
            }
        }

        return best;
    }

    private ImagePlan CreatePlan(int columns, int rows)
    {
        int tiles = Tiles(columns * rows), tokens = tiles * _tiling.TokensOfTile;
        return new ImagePlan
        {
            PixelShape = [tiles, 3, _tiling.Side, _tiling.Side],
            Tokens = tokens,
            Text = $"{_tiling.StartMark}{string.Concat(Enumerable.Repeat(_tiling.ContextMark, tokens))}{_tiling.EndMark}",
            Regions = new TileRegions(columns, rows, _tiling.TokensOfSide) { HasOverview = HasThumbnail(columns * rows), IsTransposed = _tiling.IsTransposed },
        };
    }

    private bool HasThumbnail(int tiles) => _tiling.HasThumbnail && tiles > 1;

    private int Tiles(int tiles) => HasThumbnail(tiles) ? tiles + 1 : tiles;

    private static (int Columns, int Rows)[] Grids(int least, int most) =>
    [
        .. from columns in Enumerable.Range(1, most)
           from rows in Enumerable.Range(1, most / columns)
           where columns * rows >= least
           orderby columns * rows, columns
           select (columns, rows),
    ];
}

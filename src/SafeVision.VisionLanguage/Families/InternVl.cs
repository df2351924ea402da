namespace SafeVision.VisionLanguage.Families;

/// <summary>InternVL 1.5 to 3.5 (Chen et al., arXiv 2404.16821 and 2412.05271): InternViT, pixel shuffle and a text
/// model, in the layout of its authors (<c>internvl_chat</c>) and in that of transformers (<c>internvl</c>).</summary>
internal sealed class InternVl : VisionLanguageFamily
{
    private const string OriginalType = "internvl_chat";

    private static readonly ChannelValues s_mean = new(0.485, 0.456, 0.406);
    private static readonly ChannelValues s_std = new(0.229, 0.224, 0.225);

    public override string Name => "internvl";

    public override IReadOnlyList<string> ModelTypes { get; } = [OriginalType, "internvl"];

    // Transformers 4 first, then the authors' own layout, where an order of axes is another and queries, keys and values are one matrix.
    private protected override IReadOnlyList<TensorSpelling> Spellings { get; } =
    [
        new("language_model.model.", "model.language_model."), new("language_model.lm_head.", "lm_head."), new("language_model.output.", "lm_head."),
        new("vision_tower.", "model.vision_tower."), new("multi_modal_projector.", "model.multi_modal_projector."),
        new("vision_model.embeddings.class_embedding", "model.vision_tower.embeddings.cls_token"),
        new("vision_model.embeddings.position_embedding", "model.vision_tower.embeddings.position_embeddings"),
        new("vision_model.embeddings.patch_embedding.", "model.vision_tower.embeddings.patch_embeddings.projection."),
        new("vision_model.encoder.layers.*.norm1.", "model.vision_tower.encoder.layer.*.layernorm_before."),
        new("vision_model.encoder.layers.*.norm2.", "model.vision_tower.encoder.layer.*.layernorm_after."),
        new("vision_model.encoder.layers.*.ls1", "model.vision_tower.encoder.layer.*.lambda_1"),
        new("vision_model.encoder.layers.*.ls2", "model.vision_tower.encoder.layer.*.lambda_2"),
        new("vision_model.encoder.layers.*.attn.proj.", "model.vision_tower.encoder.layer.*.attention.projection_layer."),
        new("vision_model.encoder.layers.*.attn.", "model.vision_tower.encoder.layer.*.attention."),
        new("vision_model.encoder.layers.*.", "model.vision_tower.encoder.layer.*."),
        new("mlp1.0.", "model.multi_modal_projector.layer_norm."),
        new("mlp1.1.", "model.multi_modal_projector.linear_1."),
        new("mlp1.3.", "model.multi_modal_projector.linear_2."),
    ];

    public override VisionSettings ReadVision(JsonValue config) => config["model_type"].Text() == OriginalType ? new OriginalVision(config) : new TransformersVision(config);

    internal override VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options)
    {
        InternVlPreparation images = Images(configuration, options);
        return Profile(configuration, tokenizer, images, images.ImageMark, ["<|im_end|>", "<|end|>"], marks: [images.ImageMark, "<image>"]);
    }

    /// <summary>How images are prepared, which needs no tokenizer.</summary>
    public static InternVlPreparation Images(ModelConfiguration configuration, PreparationOptions options)
    {
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        return new InternVlPreparation(Tiling(configuration, options), settings.Normalisation(s_mean, s_std), settings.Filter(ResampleFilter.Bicubic));
    }

    private static InternVlTiling Tiling(ModelConfiguration configuration, PreparationOptions options)
    {
        InternVlTiling tiling = configuration.Config["model_type"].Text() == OriginalType
            ? ReadOriginal(configuration, options)
            : ReadTransformers(configuration, options);
        return tiling with
        {
            StartMark = configuration.Tokenizer["start_image_token"].Text(tiling.StartMark),
            ContextMark = configuration.Tokenizer["context_image_token"].Text(tiling.ContextMark),
            EndMark = configuration.Tokenizer["end_image_token"].Text(tiling.EndMark),
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
            IsTransposed = new OriginalVision(config).IsMergeTransposed,
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
        configuration.Processor["image_seq_length"].Require(tiling.TokensOfTile, "which the sizes of tile and patch give");
        configuration.Config["image_seq_length"].Require(tiling.TokensOfTile, "which the sizes of tile and patch give");
        return tiling;
    }

    private static InternVlTiling Create(
        JsonValue config, JsonValue sideSetting, JsonValue least, int maximum, JsonValue most, bool hasThumbnail, PreparationOptions options)
    {
        int side = PreprocessorSettings.Square(sideSetting) ?? throw sideSetting.Wrong("the side of a tile in pixels");
        var vision = new OriginalVision(config); // patches and their squares are said alike in both layouts
        int patches = side / vision.PatchSize, tokens = patches / vision.Merge;
        if (tokens < 1 || patches % vision.Merge != 0)
        {
            throw config["downsample_ratio"].Wrong($"a share that leaves whole rows of the {patches} patches along a side");
        }

        // The limits hold for what the files say, whatever the host asks for.
        int minimum = least.Integer(1, maximum, 1), tiles = maximum + (hasThumbnail && maximum > 1 ? 1 : 0);
        ImageBudget.Require(most, tiles * (long)tokens * tokens, tiles * 3L * side * side);
        maximum = Math.Min(maximum, options.MaximumTiles ?? maximum);
        return new InternVlTiling
        {
            Side = side,
            TokensOfSide = tokens,
            MinimumTiles = Math.Min(minimum, maximum),
            MaximumTiles = maximum,
            HasThumbnail = hasThumbnail,
        };
    }

    private abstract class Vision(JsonValue config) : VisionSettings(config)
    {
        public override int? ImageSize => Side(Config["image_size"]);

        public override int PatchSize => Side(Config["patch_size"]);

        public override int UsedLayers => Taken < 0 ? Layers + 1 + Taken : Taken;

        public override bool HasFinalNorm => false;

        public override bool HasRmsNorm => Config["norm_type"].Text(DefaultNorm) switch
        {
            "layer_norm" => false,
            "rms_norm" => true,
            _ => throw Config["norm_type"].Wrong("layer_norm or rms_norm"),
        };

        public override int Merge
        {
            get
            {
                double inverse = 1 / Whole["downsample_ratio"].Number(0.5);
                return inverse is >= 1 and <= 64 && Math.Abs(inverse - Math.Round(inverse)) < 1e-6
                    ? (int)Math.Round(inverse)
                    : throw Whole["downsample_ratio"].Wrong("one divided by a whole number up to 64");
            }
        }

        /// <summary>The property that says behind which layer the features are taken: -1, the last.</summary>
        protected abstract string FeatureLayer { get; }

        protected int Taken => Whole[FeatureLayer].Integer(-Layers - 1, Layers, -1);

        protected abstract string DefaultNorm { get; }
    }

    /// <summary>As <c>configuration_intern_vit.py</c> and <c>modeling_internvl_chat.py</c> of the authors.</summary>
    private sealed class OriginalVision(JsonValue config) : Vision(config)
    {
        public override int? ImageSize => Whole["force_image_size"] is var forced && Side(Config["image_size"]) is var trained && forced.Integer(1, 4096, trained) == trained
            ? trained
            : throw forced.Wrong($"{trained}, for which the tower's positions are; save the model with positions for its size");

        public override bool HasQueryKeyValueBias => Config["qkv_bias"].Boolean(false);

        public override bool HasQueryKeyNorm => Config["qk_normalization"].Boolean(true);

        public override bool IsMergeTransposed => Whole["ps_version"].Text("v1") switch
        {
            "v1" => true,
            "v2" => false,
            _ => throw Whole["ps_version"].Wrong("v1 or v2"),
        };

        protected override string FeatureLayer => "select_layer";

        protected override string DefaultNorm => "rms_norm";
    }

    /// <summary>As transformers' <c>configuration_internvl.py</c>.</summary>
    private sealed class TransformersVision(JsonValue config) : Vision(config)
    {
        public override bool HasQueryKeyValueBias => Config["attention_bias"].Boolean(false);

        public override bool HasQueryKeyNorm => Config["use_qk_norm"].Boolean(false);

        public override bool HasFinalNorm => Taken == -1 && !Config["use_mean_pooling"].Boolean(true);

        public override int UsedLayers
        {
            get
            {
                Require("projector_hidden_act", "gelu");
                Require("vision_feature_select_strategy", "default");
                return base.UsedLayers;
            }
        }

        protected override string FeatureLayer => "vision_feature_layer";

        protected override string DefaultNorm => "layer_norm";
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

    public int TokensOfTile => TokensOfSide * TokensOfSide;
}

/// <summary>Dynamic tiling: the image is resized, whatever its aspect ratio, to the grid of square tiles whose ratio is
/// closest to it, and a thumbnail of the whole image comes last where there is more than one tile
/// (<c>dynamic_preprocess</c> of InternVL, equal to <c>crop_image_to_patches</c> of transformers'
/// GotOcr2ImageProcessor).</summary>
internal sealed class InternVlPreparation(InternVlTiling tiling, ChannelTables normalisation, ResampleFilter filter) : IImagePreparation
{
    private readonly TileWriter _writer = new(normalisation, filter, tiling.Side);
    private readonly (int Columns, int Rows)[] _grids = Grids(tiling.MinimumTiles, tiling.MaximumTiles);
    private readonly ImagePlanCache _plans = new();

    /// <summary>The image token's text.</summary>
    public string ImageMark => tiling.ContextMark;

    public int ShortSide => (int)Math.Sqrt(tiling.MaximumTiles) * tiling.Side;

    public int MaximumTokens => Tiles(tiling.MaximumTiles) * tiling.TokensOfTile;

    public ImagePlan Plan(int width, int height)
    {
        (int columns, int rows) = Grid(width, height);
        return _plans.Get(columns, rows, CreatePlan);
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

    public (int Columns, int Rows) Grid(int width, int height)
    {
        double ratio = width / (double)height, closest = double.PositiveInfinity;
        (int Columns, int Rows) best = (1, 1);
        foreach ((int Columns, int Rows) grid in _grids)
        {
            double distance = Math.Abs(ratio - (grid.Columns / (double)grid.Rows));

            // Of equally close grids, the larger one if the image has more than half of its pixels.
            if (distance < closest || (distance == closest && (double)width * height > 0.5 * tiling.Side * tiling.Side * grid.Columns * grid.Rows))
            {
                (best, closest) = (grid, distance);
            }
        }

        return best;
    }

    private ImagePlan CreatePlan(int columns, int rows)
    {
        int tiles = Tiles(columns * rows), tokens = tiles * tiling.TokensOfTile;
        return new ImagePlan
        {
            PixelShape = [tiles, 3, tiling.Side, tiling.Side],
            Tokens = tokens,
            Text = $"{tiling.StartMark}{string.Concat(Enumerable.Repeat(tiling.ContextMark, tokens))}{tiling.EndMark}",
            Regions = new TileRegions(columns, rows, tiling.TokensOfSide) { HasOverview = HasThumbnail(columns * rows), IsTransposed = tiling.IsTransposed },
        };
    }

    private bool HasThumbnail(int tiles) => tiling.HasThumbnail && tiles > 1;

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

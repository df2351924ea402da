namespace SafeVision.VisionLanguage.Families;

/// <summary>Gemma 3 and ShieldGemma 2: SigLIP, pooled to as many tokens for every image, and a text model in which the
/// tokens of an image see each other (<c>processing_gemma3.py</c>, <c>processing_shieldgemma2.py</c> of
/// transformers).</summary>
internal sealed class Gemma3 : VisionLanguageFamily
{
    private const string Guard = "shieldgemma2";
    private const string ImageToken = "<image_soft_token>";
    private const string Start = "<start_of_image>";
    private const int Context = 131_072; // what a configuration that leaves it out means

    private static readonly (string Start, string Name)[] s_spellings =
    [
        ("language_model.model.", "model.language_model."), ("language_model.lm_head.", "lm_head."), ("language_model.", "model.language_model."), ("lm_head.", "lm_head."),
        ("vision_tower.vision_model.", "model.vision_tower."), ("vision_tower.", "model.vision_tower."), ("multi_modal_projector.", "model.multi_modal_projector."),
    ];


    public override string Name => "gemma3";

    public override IReadOnlyList<string> ModelTypes { get; } = ["gemma3", Guard];

    public override TextSettings ReadText(JsonValue config) => new GemmaText(config);

    public override VisionSettings ReadVision(JsonValue config) => new GemmaVision(config);

    // Published, loaded and saved, or built and saved: each puts other names before the same ends.
    public override string NameOf(string stored)
    {
        string name = stored;
        while (name.StartsWith("model.", StringComparison.Ordinal))
        {
            name = name["model.".Length..];
        }

        foreach ((string start, string canonical) in s_spellings)
        {
            if (name.StartsWith(start, StringComparison.Ordinal))
            {
                return canonical + name[start.Length..];
            }
        }

        return stored;
    }

    internal override VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options)
    {
        bool isGuard = configuration.Config["model_type"].Text() == Guard;
        // The guard was trained with what its template begins with behind what the tokenizer puts there.
        return Profile(configuration, tokenizer, Images(configuration, options), ImageToken, ["<end_of_turn>"], marks: [Start], repeatsBeginning: isGuard, context: Context) with
        {
            JoinsImageText = true,
            Protocol = isGuard ? "shieldgemma" : null,
            YesNo = isGuard ? (Answer("yes_token_index", 10_784), Answer("no_token_index", 3771)) : null,
        };

        int Answer(string key, int otherwise)
        {
            int id = configuration.Config[key].Integer(0, int.MaxValue, otherwise);
            return id < tokenizer.VocabularySize ? id : throw configuration.Config[key].Wrong($"the id of a token, below {tokenizer.VocabularySize}");
        }
    }

    /// <summary>How images are prepared, which needs no tokenizer.</summary>
    public static GemmaPreparation Images(ModelConfiguration configuration, PreparationOptions? options = null)
    {
        JsonValue config = configuration.Config, vision = config["vision_config"], tokens = config["mm_tokens_per_image"];
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        JsonValue size = settings.Values["size"] is { Exists: true } stated ? stated : vision["image_size"];
        int side = PreprocessorSettings.Square(size) ?? throw size.Wrong("the side of an image in pixels");
        settings.RequireResize();

        if (vision["image_size"].Integer(1, ImageBudget.LongestTile, side) != side)
        {
            throw size.Wrong($"{vision["image_size"].Integer(1, ImageBudget.LongestTile)}, the side of the images that the vision tower takes");
        }

        int count = tokens.Integer(1, ImageBudget.MostTokens, 256), along = (int)Math.Sqrt(count);
        if (along * along != count)
        {
            throw tokens.Wrong("a square number");
        }

        settings.Values["image_seq_length"].Require(count, "which config.json says of an image's tokens");
        configuration.Processor["image_seq_length"].Require(count, "which config.json says of an image's tokens");

        PanAndScan? crops = null;
        if (config["model_type"].Text() != Guard && settings.Values["do_pan_and_scan"].Boolean(false))
        {
            int most = Math.Min(settings.Values["pan_and_scan_max_num_crops"].Integer(1, ImageBudget.MostTiles, 4), options?.MaximumTiles ?? int.MaxValue);
            crops = most < 2 ? null : new PanAndScan(
                settings.Values["pan_and_scan_min_crop_size"].Integer(1, 1 << 20, 256), most, settings.Values["pan_and_scan_min_ratio_to_activate"].Number(1.2));
        }

        int images = 1 + (crops?.MostCrops ?? 0);
        ImageBudget.Require(tokens, (long)images * count, 3L * images * side * side);
        string text = $"\n\n{Start}{string.Concat(Enumerable.Repeat(ImageToken, count))}<end_of_image>\n\n";
        return new GemmaPreparation(side, along, text, crops, settings.Normalisation(PreprocessorSettings.Half, PreprocessorSettings.Half), settings.Filter(ResampleFilter.Bilinear));
    }
}

/// <summary>What the configuration leaves out, and published ones leave out much, is what transformers' Gemma3TextConfig has.</summary>
internal sealed class GemmaText(JsonValue config) : TextSettings(config)
{
    public override int Width => Config["hidden_size"].Integer(1, 1 << 17, 2304);

    public override int Intermediate => Config["intermediate_size"].Integer(1, 1 << 20, 9216);

    public override int Heads => Config["num_attention_heads"].Integer(1, 1024, 8);

    public override int Vocabulary => Config["vocab_size"].Integer(1, 10_000_000, 262_208);

    public override RotaryTable Rotary => Angles("full_attention", Config["rope_scaling"], "rope_theta", 1_000_000);

    public override RotaryTable WindowRotary => Angles("sliding_attention", Parameters["sliding_attention"], "rope_local_base_freq", 10_000);

    public override int? Window => Config["sliding_window"].Integer(1, int.MaxValue, 4096);

    /// <summary>As <c>layer_types</c> says, else all but every so many-th.</summary>
    public override IReadOnlyList<bool> WindowLayers => LayersOf("sliding_attention", "sliding_attention or full_attention", "sliding_window_pattern", 6);

    public override bool SeesWholeImages => Config["use_bidirectional_attention"] is var both && !both.Boolean(false) ? true : throw both.Wrong("false: a model that reads a text both ways encodes texts and writes none");

    public override double? AttentionScale => 1 / Math.Sqrt(Positive("query_pre_attn_scalar") ?? 256);

    public override double? AttentionCap => Positive("attn_logit_softcapping");

    public override double? LogitCap => Positive("final_logit_softcapping");

    public override float EmbeddingScale => (float)Math.Sqrt(Width);

    public override string Activation => Config.Any("hidden_activation", "hidden_act").Text("gelu_pytorch_tanh");

    private protected override int DefaultKeyValueHeads => 4;

    private protected override int DefaultHeadSize => 256;

    private JsonValue Parameters => Config["rope_parameters"].Object(mayBeMissing: true);

    // A head that is there although the two are tied is a copy: transformers does not load it.
    public override bool IsTied(bool hasHead) => Config["tie_word_embeddings"].Boolean() ?? WholeIsTied ?? true;

    private RotaryTable Angles(string kind, JsonValue older, string theta, double otherwise)
    {
        JsonValue own = Parameters[kind];
        return RotaryTable.Read(Config, (own.Exists ? own : older).Object(mayBeMissing: true), own["rope_theta"] is { Exists: true } newer ? newer : Config[theta], otherwise, 131_072, HeadSize);
    }

    private double? Positive(string name) => !Config[name].Exists ? null : Config[name].Number() is > 0 and var number ? number : throw Config[name].Wrong("a number above 0");
}

/// <summary>What the configuration leaves out is what transformers' SiglipVisionConfig and Gemma3Config have.</summary>
internal sealed class GemmaVision(JsonValue config) : VisionSettings(config)
{
    private protected override TowerDefaults Defaults => new(12, 768, 3072, 12, 16, "gelu_pytorch_tanh");

    public override int PatchSize => Side(Config["patch_size"], 16);

    public override int? ImageSize => Side(Config["image_size"], 224);

    public override int Merge
    {
        get
        {
            JsonValue setting = Whole["mm_tokens_per_image"];
            int tokens = setting.Integer(1, 1 << 14, 256), side = (int)Math.Sqrt(tokens), patches = ImageSize!.Value / PatchSize;
            return side * side == tokens && patches > 0 && patches % side == 0 ? patches / side : throw setting.Wrong($"a number to which {patches} by {patches} patches can be pooled in a square");
        }
    }
}

/// <summary>Into which crops an elongated image is cut, beside the whole of it.</summary>
/// <param name="LeastSide">The fewest pixels of a crop's side; an image of smaller ones is not cut.</param>
/// <param name="MostCrops">At least 2.</param>
/// <param name="LeastRatio">The ratio of the longer side to the shorter from which on it is cut.</param>
internal sealed record PanAndScan(int LeastSide, int MostCrops, double LeastRatio)
{
    /// <summary>How many crops in a row and in a column; one of both is 1, and (1, 1) is no cut.</summary>
    public (int Columns, int Rows) Cut(int width, int height)
    {
        (int longer, int shorter) = width >= height ? (width, height) : (height, width);
        double ratio = (double)longer / shorter;
        int crops = Math.Min(MostCrops, Math.Max(2, Math.Min(longer / LeastSide, (int)Math.Min(int.MaxValue, Math.Floor(ratio + 0.5)))));
        int length = Length(longer, crops);
        bool isWhole = ratio < LeastRatio || Math.Min(shorter, length) < LeastSide || (long)length * (crops - 1) >= longer;
        return isWhole ? (1, 1) : width >= height ? (crops, 1) : (1, crops);
    }

    /// <summary>Pixels along a side of a crop, but for the last one, which is what is left.</summary>
    public static int Length(int side, int crops) => (side + crops - 1) / crops;
}

/// <summary>Images of any shape as a square, and where it is asked for as crops too, each resized plainly. Thread-safe.</summary>
/// <param name="side">Pixels along a side of a square.</param>
/// <param name="tokens">Image tokens along a side of a square.</param>
/// <param name="cutting">When an image is cut; null: never.</param>
internal sealed class GemmaPreparation(int side, int tokens, string text, PanAndScan? cutting, ChannelTables normalisation, ResampleFilter filter) : IImagePreparation
{
    private readonly TileWriter _writer = new(normalisation, filter, side);
    private readonly ImagePlanCache _plans = new();

    public int ShortSide => side;

    public int MaximumTokens => tokens * tokens * (1 + (cutting?.MostCrops ?? 0));

    public ImagePlan Plan(int width, int height)
    {
        (int columns, int rows) = cutting?.Cut(width, height) ?? (1, 1);
        return _plans.Get(columns, rows, CreatePlan);
    }

    public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels)
    {
        (int columns, int rows) = cutting?.Cut(frame.Width, frame.Height) ?? (1, 1);
        int crops = columns * rows == 1 ? 0 : columns * rows, length = _writer.TileLength;
        ImageBudget.RequireLength(frame, (1 + crops) * length, plan, pixels);
        _writer.Write(new PackedPixels(frame), 1, 1, pixels[..length]);
        int width = PanAndScan.Length(frame.Width, columns), height = PanAndScan.Length(frame.Height, rows);
        for (int crop = 0; crop < crops; crop++)
        {
            (int row, int column) = Math.DivRem(crop, columns);
            WriteCrop(frame, column * width, row * height, width, height, pixels.Slice((1 + crop) * length, length));
        }
    }

    private void WriteCrop(ImageFrame frame, int left, int top, int width, int height, Span<float> pixels)
    {
        (width, height) = (Math.Min(width, frame.Width - left), Math.Min(height, frame.Height - top));
        using IMemoryOwner<byte> memory = MemoryPool<byte>.Shared.Rent(3 * width * height);
        Span<byte> cropped = memory.Memory.Span[..(3 * width * height)];
        for (int row = 0; row < height; row++)
        {
            frame.Pixels.Slice(3 * (((top + row) * frame.Width) + left), 3 * width).CopyTo(cropped[(3 * row * width)..]);
        }

        _writer.Write(new PackedPixels(cropped, width, height), 1, 1, pixels);
    }

    private ImagePlan CreatePlan(int columns, int rows)
    {
        int crops = columns * rows == 1 ? 0 : columns * rows;
        return new ImagePlan
        {
            PixelShape = [1 + crops, 3, side, side],
            Tokens = (1 + crops) * tokens * tokens,
            Text = crops == 0
                ? text
                : $"Here is the original image {text} and here are some crops to help you see better {string.Join(' ', Enumerable.Repeat(text, crops))}",
            Regions = crops == 0
                ? new TileRegions(1, 1, tokens)
                : [.. new TileRegions(1, 1, tokens), .. new TileRegions(columns, rows, tokens)],
        };
    }
}

namespace SafeVision.VisionLanguage.Families;

/// <summary>Qwen2-VL (Wang et al., arXiv 2409.12191) and Qwen2.5-VL (Bai et al., arXiv 2502.13923): a vision tower for
/// images of any size and a text model with positions in time, row and column.</summary>
internal class Qwen2Vl : VisionLanguageFamily
{
    private const string NewerType = "qwen2_5_vl";

    // As in Qwen2-VL's chat template.
    private const string Conversation =
        "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
        + "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for content in message['content'] %}"
        + "{% if content['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}"
        + "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    public override string Name => "qwen2-vl";

    public override IReadOnlyList<string> ModelTypes { get; } = ["qwen2_vl", NewerType];

    // Of the published files on the left.
    private protected override IReadOnlyList<TensorSpelling> Spellings { get; } =
    [
        new("visual.", "model.visual."), new("model.layers.", "model.language_model.layers."),
        new("model.embed_tokens.", "model.language_model.embed_tokens."), new("model.norm.", "model.language_model.norm."),
    ];

    public override TextSettings ReadText(JsonValue config) => new QwenText(config);

    public override VisionSettings ReadVision(JsonValue config) => config["model_type"].Text() == NewerType ? new QwenVision25(config) : new QwenVision2(config);

    internal override VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options)
    {
        Qwen2VlPreparation images = Images(configuration, options);
        JsonValue token = configuration.Config["image_token_id"] is { Exists: true } id ? id : configuration.GenAI["model"]["image_token_id"];
        return Profile(configuration, tokenizer, images, images.ImageMark, ["<|im_end|>"], Conversation, tokenId: token) with { Positions = MultimodalPositions.Shared };
    }

    /// <summary>How images are prepared, which needs no tokenizer.</summary>
    public static Qwen2VlPreparation Images(ModelConfiguration configuration, PreparationOptions? options = null)
    {
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        if (!settings.Values.Exists)
        {
            throw settings.Values.Wrong("an object: preprocessor_config.json of the checkpoint");
        }

        settings.RequireResize();
        return new Qwen2VlPreparation(
            Patching(settings.Values, options ?? PreparationOptions.Default),
            settings.Normalisation(PreprocessorSettings.ClipMean, PreprocessorSettings.ClipStd),
            settings.Filter(ResampleFilter.Bicubic));
    }

    private static Qwen2VlPatching Patching(JsonValue values, PreparationOptions options)
    {
        // min_pixels and max_pixels go before the newer names where both are there, as in transformers.
        JsonValue size = values["size"], least = values["min_pixels"], most = values["max_pixels"];
        least = least.Exists ? least : size.Any("shortest_edge", "min_pixels");
        most = most.Exists ? most : size.Any("longest_edge", "max_pixels");
        var patching = new Qwen2VlPatching
        {
            Patch = values["patch_size"].Integer(1, 128, 14),
            Frames = values["temporal_patch_size"].Integer(1, 8, 2),
            Merge = values["merge_size"].Integer(1, 16, 2),
            LeastPixels = least.Integer(1, 1 << 26, 56 * 56),
            MostPixels = most.Integer(1, 1 << 26, 28 * 28 * 1280),
        };
        if (patching.MostPixels < Math.Max(patching.LeastPixels, patching.Factor * patching.Factor))
        {
            throw most.Wrong($"at least the fewest pixels, {patching.LeastPixels}, and those of a token, {patching.Factor * patching.Factor}");
        }

        if (options.MaximumTokens is { } budget)
        {
            long pixels = (long)budget * patching.Factor * patching.Factor;
            patching = patching with { MostPixels = (int)Math.Clamp(pixels, Math.Max(patching.LeastPixels, patching.Factor * patching.Factor), patching.MostPixels) };
        }

        int tokens = Qwen2VlPreparation.MostTokens(patching);
        ImageBudget.Require(most, tokens, (long)tokens * patching.Merge * patching.Merge * patching.PatchLength);
        return patching;
    }
}

/// <summary>Qwen3-VL (Bai et al., arXiv 2511.21631): the tower has learned places too, and features behind some of its
/// layers go to the first layers of the language model (DeepStack). The rest stands in its own preprocessor and
/// template files.</summary>
internal sealed class Qwen3Vl : Qwen2Vl
{
    public override string Name => "qwen3-vl";

    public override IReadOnlyList<string> ModelTypes { get; } = ["qwen3_vl"];

    public override TextSettings ReadText(JsonValue config) => new Text(config);

    public override VisionSettings ReadVision(JsonValue config) => new QwenVision3(config);

    private sealed class Text(JsonValue config) : QwenText(config)
    {
        public override bool InterleavesSections => Parameters["mrope_interleaved"].Boolean(true)
            ? true
            : throw Parameters["mrope_interleaved"].Wrong("true: this family's angles follow time, row and column in turn");

        // The class's default is another base than the published models', so a missing one is an error and no default.
        public override RotaryTable Rotary => Parameters["rope_theta"].Exists || Config["rope_theta"].Exists ? base.Rotary : throw Config["rope_theta"].Wrong("a number above 1");

        public override IReadOnlyList<int> RotarySections => base.RotarySections is var sections && 3 * Math.Max(sections[1], sections[2]) <= (HeadSize / 2) + 2
            ? sections
            : throw Parameters["mrope_section"].Wrong($"row and column at most a third of the {HeadSize / 2} angles");
    }
}

/// <summary>The language model of Qwen's families.</summary>
internal class QwenText(JsonValue config) : TextSettings(config)
{
    public override IReadOnlyList<int> RotarySections => Parameters["mrope_section"] is var setting && setting.Integers(0, 1 << 16) is { Length: 3 } sections && sections.Sum() == HeadSize / 2
        ? sections
        : throw setting.Wrong($"three whole numbers that add up to half a head, {HeadSize / 2}");

    protected JsonValue Parameters => Config.Any("rope_parameters", "rope_scaling").Object();
}

/// <summary>What the towers of Qwen's families have in common.</summary>
internal abstract class QwenVision(JsonValue config) : VisionSettings(config)
{
    public override int Layers => Config["depth"].Integer(1, 256, 32);

    public override int Heads => Config["num_heads"] is var setting && Divisor(setting.Integer(1, 256, 16)) is var heads && Width / heads % 4 == 0
        ? heads
        : throw setting.Wrong("heads whose size is a multiple of 4");

    public override double Epsilon => 1e-6; // whatever the language model's is

    public override int Channels => Config.Any("in_channels", "in_chans").Integer(1, 16, 3);

    public override int Frames => Config["temporal_patch_size"].Integer(1, 16, 2);

    public override int PatchSize => Config["patch_size"].Integer(1, 1024, 14);

    public override int Merge => Config["spatial_merge_size"].Integer(1, 16, 2);

    public override double? RotaryBase => 10000;
}

/// <summary>What the file leaves out is what transformers' Qwen2VLVisionConfig has.</summary>
internal sealed class QwenVision2(JsonValue config) : QwenVision(config)
{
    public override int Width => Config["embed_dim"].Integer(1, 1 << 16, 1280);

    public override int Intermediate => Config["mlp_ratio"].Number(4) is > 0 and <= 64 and double ratio ? (int)(Width * ratio) : throw Config["mlp_ratio"].Wrong("a number above 0 and at most 64");

    public override string Activation => Config["hidden_act"].Text("quick_gelu");
}

/// <summary>RMS norms, gated feed-forward parts, and windows in all but a few layers; defaults of Qwen2_5_VLVisionConfig.</summary>
internal sealed class QwenVision25(JsonValue config) : QwenVision(config)
{
    public override int Width => Config["hidden_size"].Integer(1, 1 << 16, 3584);

    public override int Intermediate => Config["intermediate_size"].Integer(1, 1 << 18, 3420);

    public override string Activation => Config["hidden_act"].Text("silu");

    public override bool HasRmsNorm => true;

    public override int? Window => Config["window_size"].Integer(1, 1 << 16, 112) / Merge / PatchSize * Merge is > 0 and int window
        ? window
        : throw Config["window_size"].Wrong($"at least {Merge * PatchSize}, the side of the patches that are joined");

    public override IReadOnlyList<int> WholeLayers => LayerList("fullatt_block_indexes", [7, 15, 23, 31], int.MaxValue);

    public override int? OutputWidth => Config["out_hidden_size"].Integer(1, 1 << 17, 3584);
}

/// <summary>Learned places and DeepStack; defaults of Qwen3VLVisionConfig.</summary>
internal class QwenVision3(JsonValue config) : QwenVision(config)
{
    public override int Layers => Config["depth"].Integer(1, 256, 27);

    public override int Width => Config["hidden_size"].Integer(1, 1 << 16, 1152);

    public override int Intermediate => Config["intermediate_size"].Integer(1, 1 << 18, 4304);

    public override string Activation => Config["hidden_act"].Text("gelu_pytorch_tanh");

    public override int PatchSize => Config["patch_size"].Integer(1, 1024, 16);

    public override IReadOnlyList<int> DeepStackLayers => LayerList("deepstack_visual_indexes", [8, 16, 24], Layers);

    public override int? PositionsAlongSide => Config["num_position_embeddings"].Integer(1, 1 << 20, 2304) is var places && (int)Math.Sqrt(places) is var side && side * side == places
        ? side
        : throw Config["num_position_embeddings"].Wrong("a square; it is no square");

    public override int? OutputWidth => Config["out_hidden_size"].Integer(1, 1 << 17, 3584);
}

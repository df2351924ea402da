using SafeVision.Files;
using SafeVision.Imaging;
using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// Qwen2-VL (Wang et al., arXiv 2409.12191) and Qwen2.5-VL (Bai et al., arXiv 2502.13923): a vision tower for images of any size
/// and a text model with positions in time, row and column.
/// </summary>
internal class Qwen2Vl : VisionLanguageFamily
{
    private const string NewerType = "qwen2_5_vl";

    // As in Qwen2-VL's chat template.
    private const string Conversation =
        "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
        + "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for content in message['content'] %}"
        + "{% if content['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}"
        + "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    private static readonly ChannelValues s_mean = new(0.48145466, 0.4578275, 0.40821073);
    private static readonly ChannelValues s_std = new(0.26862954, 0.26130258, 0.27577711);

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
        Qwen2VlPatching patching = Patching(configuration, options);
        (ConversationTemplate conversation, string mark) = LanguageSettings.Conversation(configuration, tokenizer, [patching.ImageMark], Conversation);
        JsonValue token = configuration.Config["image_token_id"] is { Exists: true } id ? id : configuration.GenAI["model"]["image_token_id"];
        return new VisionLanguageProfile
        {
            Family = Name,
            Images = Images(configuration, options),
            ImageMark = mark,
            ImageToken = LanguageSettings.ImageToken(token, tokenizer, patching.ImageMark),
            Conversation = conversation,
            Positions = MultimodalPositions.Shared,
            StopTokens = LanguageSettings.StopTokens(configuration, tokenizer, "<|im_end|>"),
            ContextLength = LanguageSettings.ContextLength(configuration),
        };
    }

    /// <summary>How images are prepared, which needs no tokenizer.</summary>
    public static Qwen2VlPreparation Images(ModelConfiguration configuration, PreparationOptions? options = null)
    {
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        return new Qwen2VlPreparation(Patching(configuration, options ?? PreparationOptions.Default), settings.Normalisation(s_mean, s_std), settings.Filter(ResampleFilter.Bicubic));
    }

    private static Qwen2VlPatching Patching(ModelConfiguration configuration, PreparationOptions options)
    {
        JsonValue values = PreprocessorSettings.Read(configuration).Values;
        if (!values.Exists)
        {
            throw values.Wrong("an object: preprocessor_config.json of the checkpoint");
        }

        if (!values["do_resize"].Boolean(true))
        {
            throw values["do_resize"].Wrong("true: images of any size are resized");
        }

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

/// <summary>
/// Qwen3-VL (Bai et al., arXiv 2511.21631): the tower has learned places too, and features behind some of its layers go to the first
/// layers of the language model (DeepStack). The rest stands in its own preprocessor and template files.
/// </summary>
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

/// <summary>The numbers and marks of Qwen2-VL's preprocessing.</summary>
internal sealed record Qwen2VlPatching
{
    /// <summary>A patch's side in pixels.</summary>
    public required int Patch { get; init; }

    /// <summary>How many frames a patch spans; a still image is all of them.</summary>
    public required int Frames { get; init; }

    /// <summary>Patches along a side of the square that becomes one token.</summary>
    public required int Merge { get; init; }

    /// <summary>The fewest pixels of a resized image.</summary>
    public required int LeastPixels { get; init; }

    /// <summary>The most pixels of a resized image.</summary>
    public required int MostPixels { get; init; }

    /// <summary>The image token's text.</summary>
    public string ImageMark { get; init; } = "<|image_pad|>";

    /// <summary>The side in pixels of what becomes one token.</summary>
    public int Factor => Patch * Merge;

    /// <summary>Floats of a patch.</summary>
    public int PatchLength => 3 * Frames * Patch * Patch;
}

/// <summary>
/// Smart resize: both sides become multiples of what one token shows, with the number of pixels between two bounds and about the
/// same aspect ratio; the patches of the squares that become a token stand together (<c>image_processing_qwen2_vl.py</c> of
/// transformers).
/// </summary>
internal sealed class Qwen2VlPreparation : IImagePreparation
{
    private const int MostElongated = 200;

    private readonly Qwen2VlPatching _patching;
    private readonly ChannelTables _normalisation;
    private readonly ResampleFilter _filter;
    private readonly ImagePlanCache _plans;

    public Qwen2VlPreparation(Qwen2VlPatching patching, ChannelTables normalisation, ResampleFilter filter)
    {
        _patching = patching;
        _normalisation = normalisation;
        _filter = filter;
        _plans = new ImagePlanCache(CreatePlan);
    }

    public int ShortSide => (int)Math.Ceiling(Math.Sqrt(_patching.MostPixels));

    public int MaximumTokens => MostTokens(_patching);

    /// <summary>
    /// The most tokens of an image of any size: those of the bounds, or those of the most elongated image, which is one token wide
    /// however few pixels it should have.
    /// </summary>
    public static int MostTokens(Qwen2VlPatching patching)
    {
        double squares = (double)patching.Factor * patching.Factor, least = patching.LeastPixels / squares, most = patching.MostPixels / squares;
        double grown = (Math.Sqrt(least * MostElongated) + 1) * (Math.Sqrt(least / MostElongated) + 1);
        return (int)Math.Ceiling(Math.Max(Math.Max(most, Math.Sqrt(most * MostElongated)), grown));
    }

    public ImagePlan Plan(int width, int height)
    {
        (int resizedWidth, int resizedHeight) = Resized(width, height);
        return _plans.Get(resizedWidth / _patching.Patch, resizedHeight / _patching.Patch);
    }

    public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels)
    {
        (int width, int height) = Resized(frame.Width, frame.Height);
        int columns = width / _patching.Patch, rows = height / _patching.Patch;
        ImageBudget.RequireLength(frame, columns * rows * _patching.PatchLength, plan, pixels);

        var source = new PackedPixels(frame);
        var sink = new PatchSink(_patching, _normalisation, pixels, columns);
        ReferenceResize.Run(source, width, height, _filter, ref sink);
    }

    /// <summary>The size that an image is resized to.</summary>
    public (int Width, int Height) Resized(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);

        // The reference refuses what is more elongated; here it is squeezed, so that no shape of an image keeps it from being judged.
        width = (int)Math.Min(width, (long)height * MostElongated);
        height = (int)Math.Min(height, (long)width * MostElongated);

        double factor = _patching.Factor, area = (double)width * height;
        double newWidth = Math.Round(width / factor) * factor, newHeight = Math.Round(height / factor) * factor;
        if (newWidth * newHeight > _patching.MostPixels)
        {
            double shrink = Math.Sqrt(area / _patching.MostPixels);
            newWidth = Math.Max(factor, Math.Floor(width / shrink / factor) * factor);
            newHeight = Math.Max(factor, Math.Floor(height / shrink / factor) * factor);
        }
        else if (newWidth * newHeight < _patching.LeastPixels)
        {
            double grow = Math.Sqrt(_patching.LeastPixels / area);
            newWidth = Math.Ceiling(width * grow / factor) * factor;
            newHeight = Math.Ceiling(height * grow / factor) * factor;
        }

        return ((int)newWidth, (int)newHeight);
    }

    private ImagePlan CreatePlan(int columns, int rows)
    {
        int tokenColumns = columns / _patching.Merge, tokenRows = rows / _patching.Merge;
        return new ImagePlan
        {
            PixelShape = [rows * columns, _patching.PatchLength],
            Tokens = tokenColumns * tokenRows,
            Text = string.Concat(Enumerable.Repeat(_patching.ImageMark, tokenColumns * tokenRows)),
            Regions = new TileRegions(tokenColumns, tokenRows, 1),
            Inputs = [new ImageInput(["image_grid_thw", "grid_thw"], [1, 3], [1, rows, columns])],
            Grid = (1, tokenRows, tokenColumns),
        };
    }

    /// <summary>Puts rows of pixels into their patches, each [3, frames, patch, patch].</summary>
    private readonly ref struct PatchSink(Qwen2VlPatching patching, ChannelTables tables, Span<float> patches, int columns) : IResampleRowSink
    {
        private readonly Span<float> _patches = patches;

        public void Write(int row, ReadOnlySpan<byte> pixels)
        {
            int side = patching.Patch, merge = patching.Merge, plane = side * side, channel = patching.Frames * plane;
            (int patchRow, int y) = Math.DivRem(row, side);
            for (int column = 0; column < columns; column++)
            {
                // Of a row of merged squares, square after square, each row by row: [columns / merge, merge, merge].
                int square = ((patchRow / merge * (columns / merge)) + (column / merge)) * merge * merge;
                int index = square + (patchRow % merge * merge) + (column % merge);
                Span<float> patch = _patches.Slice(index * patching.PatchLength, patching.PatchLength);
                Span<float> red = patch.Slice(y * side, side), green = patch.Slice(channel + (y * side), side), blue = patch.Slice((2 * channel) + (y * side), side);
                tables.Normalise(pixels.Slice(column * side * 3, side * 3), red, green, blue);
                for (int frame = 1; frame < patching.Frames; frame++)
                {
                    int offset = (frame * plane) + (y * side);
                    red.CopyTo(patch[offset..]);
                    green.CopyTo(patch[(channel + offset)..]);
                    blue.CopyTo(patch[((2 * channel) + offset)..]);
                }
            }
        }
    }
}

/// <summary>
/// Positions in time, row and column: an image's tokens stand at their place in its grid, from where the text before it ends, and the
/// text goes on after the largest of them (<c>get_rope_index</c> of transformers' Qwen2-VL).
/// </summary>
internal sealed class MultimodalPositions : IPositionScheme
{
    public static MultimodalPositions Shared { get; } = new();

    public int Rows => 3;

    public void Write(TokenSequence tokens, int start, Span<long> positions)
    {
        int count = positions.Length / 3, end = start + count;
        Span<long> times = positions[..count], rows = positions[count..(2 * count)], columns = positions[(2 * count)..];
        int token = 0;
        long next = 0;
        foreach (ImageSpan image in tokens.Images)
        {
            if (image.Start >= end)
            {
                break;
            }

            Text(image.Start, times, rows, columns);
            if (image.Plan.Grid is not { } grid)
            {
                continue;
            }

            for (int i = Math.Max(start, image.Start); i < Math.Min(end, image.End); i++)
            {
                (int frame, int place) = Math.DivRem(i - image.Start, grid.Rows * grid.Columns);
                times[i - start] = next + frame;
                rows[i - start] = next + (place / grid.Columns);
                columns[i - start] = next + (place % grid.Columns);
            }

            token = image.End;
            next += Math.Max(grid.Frames, Math.Max(grid.Rows, grid.Columns));
        }

        Text(end, times, rows, columns);

        void Text(int to, Span<long> times, Span<long> rows, Span<long> columns)
        {
            for (int i = Math.Max(start, token); i < Math.Min(end, to); i++)
            {
                times[i - start] = rows[i - start] = columns[i - start] = next + i - token;
            }

            next += Math.Max(to - token, 0);
            token = Math.Max(to, token);
        }
    }
}

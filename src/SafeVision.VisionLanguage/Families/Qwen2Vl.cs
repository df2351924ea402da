using SafeVision.Imaging;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// Qwen2-VL, Qwen2.5-VL and Qwen3-VL: a vision tower for images of any size and a text model with positions in time, row and
/// column. What sets the third one apart stands in its graphs and in its own preprocessor and template files.
/// </summary>
internal sealed class Qwen2Vl : IVisionLanguageFamily
{
    // As in Qwen2-VL's chat template.
    private const string Conversation =
        "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
        + "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for content in message['content'] %}"
        + "{% if content['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}"
        + "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    private static readonly ChannelValues s_mean = new(0.48145466, 0.4578275, 0.40821073);
    private static readonly ChannelValues s_std = new(0.26862954, 0.26130258, 0.27577711);

    public string Name => "qwen2_vl";

    public IReadOnlyList<string> ModelTypes { get; } = ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"];

    public VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options)
    {
        Qwen2VlPatching patching = Patching(configuration, options);
        (ConversationTemplate conversation, string mark) = LanguageSettings.Conversation(configuration, tokenizer, [patching.ImageMark], Conversation);
        ConfigurationValue token = configuration.Config["image_token_id"] is { Exists: true } id ? id : configuration.GenAI["model"]["image_token_id"];
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

    /// <summary>How pictures are prepared, which needs no tokenizer.</summary>
    public static Qwen2VlPreparation Images(ModelConfiguration configuration, PreparationOptions? options = null)
    {
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        return new Qwen2VlPreparation(Patching(configuration, options ?? PreparationOptions.Default), settings.Normalisation(s_mean, s_std), settings.Filter(ResampleFilter.Bicubic));
    }

    private static Qwen2VlPatching Patching(ModelConfiguration configuration, PreparationOptions options)
    {
        ConfigurationValue values = PreprocessorSettings.Read(configuration).Values;
        if (!values.Exists)
        {
            throw values.Wrong("an object: preprocessor_config.json of the checkpoint");
        }

        if (!values["do_resize"].Boolean(true))
        {
            throw values["do_resize"].Wrong("true: pictures of any size are resized");
        }

        // min_pixels and max_pixels go before the newer names where both are there, as in transformers.
        ConfigurationValue size = values["size"], least = values["min_pixels"], most = values["max_pixels"];
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

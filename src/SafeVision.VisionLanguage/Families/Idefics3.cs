using SafeVision.Imaging;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>Idefics3 and SmolVLM: SigLIP, pixel shuffle and a Llama text model.</summary>
internal sealed class Idefics3 : IVisionLanguageFamily
{
    // As in SmolVLM's chat template.
    private const string Conversation =
        "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
        + "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
        + "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}"
        + "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}";

    public string Name => "idefics3";

    public IReadOnlyList<string> ModelTypes { get; } = ["idefics3", "smolvlm"];

    public VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options)
    {
        Idefics3Tiling tiling = Tiling(configuration, options);
        (ConversationTemplate conversation, string mark) = LanguageSettings.Conversation(configuration, tokenizer, [tiling.ImageMark], Conversation);
        return new VisionLanguageProfile
        {
            Family = Name,
            Images = Images(configuration, tiling),
            ImageMark = mark,
            ImageToken = LanguageSettings.ImageToken(configuration.Config.Any("image_token_id", "image_token_index"), tokenizer, tiling.ImageMark),
            Conversation = conversation,
            StopTokens = LanguageSettings.StopTokens(configuration, tokenizer, "<end_of_utterance>"),
            ContextLength = LanguageSettings.ContextLength(configuration),
        };
    }

    /// <summary>How pictures are prepared, which needs no tokenizer.</summary>
    public static Idefics3Preparation Images(ModelConfiguration configuration, PreparationOptions options) =>
        Images(configuration, Tiling(configuration, options));

    private static Idefics3Preparation Images(ModelConfiguration configuration, Idefics3Tiling tiling)
    {
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        return new Idefics3Preparation(tiling, settings.Normalisation(ChannelValues.All(0.5), ChannelValues.All(0.5)), settings.Filter(ResampleFilter.Lanczos));
    }

    private static Idefics3Tiling Tiling(ModelConfiguration configuration, PreparationOptions options)
    {
        ConfigurationValue values = PreprocessorSettings.Read(configuration).Values, vision = configuration.Config["vision_config"];
        if (!values["do_resize"].Boolean(true))
        {
            throw values["do_resize"].Wrong("true: pictures of any size are resized");
        }

        ConfigurationValue longest = values["size"]["longest_edge"], factor = configuration.Config["scale_factor"];
        int side = values["max_image_size"]["longest_edge"].Integer(1, ImageBudget.LongestTile, 364);
        int patches = side / vision["patch_size"].Integer(1, side), shrink = factor.Integer(1, ImageBudget.LongestTile, 2);
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
        if (configuration.Processor["image_seq_len"] is { Exists: true } length && length.Integer(1, ImageBudget.MostTokens) != tiling.TokensOfTile)
        {
            throw length.Wrong($"{tiling.TokensOfTile}, which the sizes of tile and patch give");
        }

        int tiles = Idefics3Preparation.MostTiles(tiling);
        if (tiles > ImageBudget.MostTiles + 1)
        {
            throw longest.Wrong($"a length that gives at most {ImageBudget.MostTiles} tiles of {side} pixels, not {tiles - 1}");
        }

        ImageBudget.Require(longest, (long)tiles * tiling.TokensOfTile, 3L * tiles * side * side);
        return Limit(tiling, options);
    }

    /// <summary>Shortens the longest edge until a square picture, which has most tiles, has no more than the host wants.</summary>
    private static Idefics3Tiling Limit(Idefics3Tiling tiling, PreparationOptions options)
    {
        if (options.MaximumTiles is not int most || Idefics3Preparation.MostTiles(tiling) <= most + 1)
        {
            return tiling;
        }

        int along = (int)Math.Sqrt(most);
        return along == 1 ? tiling with { IsSplit = false } : tiling with { LongestEdge = along * tiling.Side - (along * tiling.Side % 2) };
    }
}

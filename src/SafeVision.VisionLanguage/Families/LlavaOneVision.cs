using SafeVision.Imaging;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// LLaVA-OneVision: SigLIP and a Qwen2 text model. A picture is one tile, resized plainly, as transformers.js does it for the published
/// exports. The higher resolutions of the original (<c>image_grid_pinpoints</c>) are not supported: they need a learned
/// row end, <c>image_newline</c>, which no published export has.
/// </summary>
internal sealed class LlavaOneVision : IVisionLanguageFamily
{
    private static readonly ChannelValues s_half = ChannelValues.All(0.5);

    public string Name => "llava_onevision";

    public IReadOnlyList<string> ModelTypes { get; } = ["llava_onevision"];

    public VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options)
    {
        string token = Mark(configuration);
        (ConversationTemplate conversation, string mark) = LanguageSettings.Conversation(configuration, tokenizer, [token], otherwise: null);
        return new VisionLanguageProfile
        {
            Family = Name,
            Images = Images(configuration),
            ImageMark = mark,
            ImageToken = LanguageSettings.ImageToken(configuration.Config.Any("image_token_id", "image_token_index"), tokenizer, token),
            Conversation = conversation,
            StopTokens = LanguageSettings.StopTokens(configuration, tokenizer, "<|im_end|>"),
            ContextLength = LanguageSettings.ContextLength(configuration),
        };
    }

    /// <summary>How pictures are prepared, which needs no tokenizer.</summary>
    public static SingleTilePreparation Images(ModelConfiguration configuration)
    {
        ConfigurationValue config = configuration.Config, vision = config["vision_config"];
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        ConfigurationValue size = settings.Values["size"] is { Exists: true } stated ? stated : vision["image_size"];
        int side = PreprocessorSettings.Square(size) ?? throw size.Wrong("the side of a picture in pixels");
        ConfigurationValue patch = vision["patch_size"], strategy = config["vision_feature_select_strategy"];
        int tokens = side / patch.Integer(1, side);
        if (strategy.Text("full") != "full")
        {
            throw strategy.Wrong("\"full\": one token for each patch");
        }

        ConfigurationValue length = configuration.Processor["num_image_tokens"];
        if (length.Integer(1, ImageBudget.MostTokens, tokens * tokens) != tokens * tokens)
        {
            throw length.Wrong($"{tokens * tokens}, one token for each patch of a plainly resized picture; several tiles for a picture (image_grid_pinpoints) are not supported");
        }

        ImageBudget.Require(size, (long)tokens * tokens, 3L * side * side);
        return new SingleTilePreparation(side, tokens, Mark(configuration), settings.Normalisation(s_half, s_half), settings.Filter(ResampleFilter.Bicubic));
    }

    private static string Mark(ModelConfiguration configuration) => configuration.Processor["image_token"].Text("<image>")!;
}

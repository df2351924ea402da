using SafeVision.VisionLanguage.Tokenizers.Normalizers;

namespace SafeVision.VisionLanguage.Tokenizers.Readers;

/// <summary>Reads the normalizer of <c>tokenizer.json</c>.</summary>
internal static class NormalizerSection
{
    public static TextNormalizer Read(JsonPlace? section) =>
        new SequenceNormalizer([.. section is JsonPlace place ? Steps(place) : []]);

    private static IEnumerable<TextNormalizer> Steps(JsonPlace place) => place.GetText("type") switch
    {
        "Sequence" => place.Get("normalizers").Items().SelectMany(Steps),
        "NFC" => [new CanonicalNormalizer(composes: true)],
        "NFD" => [new CanonicalNormalizer(composes: false)],
        "Lowercase" => [new LowercaseNormalizer()],
        "Prepend" => place.GetText("prepend") is { Length: > 0 } prefix ? [new PrependNormalizer(prefix)] : [],
        "Replace" when place.Get("pattern").Find("Regex")?.GetText() == @"\s+" && place.GetText("content") == " " => [new WhiteSpaceNormalizer(isTrimmed: false)],
        "Replace" => [new ReplaceNormalizer(PatternOf(place), place.GetText("content"))],
        _ => throw place.Unknown("this normalizer"),
    };

    /// <summary>The text that a Replace looks for.</summary>
    public static string PatternOf(JsonPlace replace)
    {
        JsonPlace pattern = replace.Get("pattern");
        return pattern.Find("String")?.GetText() is { Length: > 0 } text ? text : throw pattern.Unknown("this pattern");
    }
}

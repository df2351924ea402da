using SafeVision.VisionLanguage.Tokenizers.Normalizers;
using SafeVision.VisionLanguage.Tokenizers.Splitters;

namespace SafeVision.VisionLanguage.Tokenizers.Readers;

/// <summary>Reads the pre-tokenizer of <c>tokenizer.json</c>.</summary>
internal static class SplitterSection
{
    /// <summary>The splitter, and whether words are then written in bytes.</summary>
    public static (TextSplitter Splitter, bool IsByteLevel) Read(JsonPlace? section)
    {
        List<TextSplitter> steps = [];
        bool isByteLevel = false;
        foreach (JsonPlace place in section is JsonPlace root ? Flatten(root) : [])
        {
            if (isByteLevel)
            {
                throw place.Unknown("a pre-tokenizer after ByteLevel");
            }

            isByteLevel = place.GetText("type") == "ByteLevel";
            steps.AddRange(Steps(place));
        }

        return (new SequenceSplitter(steps), isByteLevel);
    }

    private static IEnumerable<JsonPlace> Flatten(JsonPlace place) =>
        place.GetText("type") == "Sequence" ? place.Get("pretokenizers").Items().SelectMany(Flatten) : [place];

    private static List<TextSplitter> Steps(JsonPlace place)
    {
        List<TextSplitter> steps = [];
        switch (place.GetText("type"))
        {
            case "ByteLevel":
                if (place.GetFlag("add_prefix_space", true))
                {
                    steps.Add(new PrefixSplitter(' ', onlyAtStart: false));
                }

                if (place.GetFlag("use_regex", true))
                {
                    steps.Add(new WordSplitter(WordPattern.Gpt2));
                }

                break;

            case "Digits":
                steps.Add(new DigitSplitter(place.GetFlag("individual_digits", false)));
                break;

            case "Split":
                steps.Add(ReadSplit(place));
                break;

            case "Metaspace":
                AddMetaspace(place, steps);
                break;

            default:
                throw place.Unknown("this pre-tokenizer");
        }

        return steps;
    }

    private static TextSplitter ReadSplit(JsonPlace place)
    {
        JsonPlace pattern = place.Get("pattern");
        string behavior = place.GetText("behavior");
        bool inverts = place.GetFlag("invert", false);
        if (pattern.Find("Regex") is JsonPlace expression)
        {
            // Where a pattern matches every character, keeping the matches and dropping the rest is the same as cutting at them.
            bool dropsRest = (behavior, inverts) is ("Removed", true);
            return WordSplitter.Known(expression.GetText()) is WordPattern known && (dropsRest || (behavior == "Isolated" && WordSplitter.TakesAll(known)))
                ? new WordSplitter(known)
                : throw place.Unknown("this regular expression, or this use of it");
        }

        bool isKnown = Enum.TryParse(behavior, out DelimiterPlace delimiterPlace) && !inverts && char.IsAsciiLetter(behavior[0]);
        return isKnown && pattern.Find("String")?.GetText() is { Length: > 0 } delimiter
            ? new DelimiterSplitter(delimiter, delimiterPlace)
            : throw place.Unknown("this split");
    }

    private static void AddMetaspace(JsonPlace place, List<TextSplitter> steps)
    {
        string replacement = place.GetText("replacement");
        if (replacement.Length != 1)
        {
            throw place.Unknown("a replacement of several UTF-16 units");
        }

        steps.Add(new ReplacingSplitter(new ReplaceNormalizer(" ", replacement)));
        switch (PrependScheme(place))
        {
            case "always":
                steps.Add(new PrefixSplitter(replacement[0], onlyAtStart: false));
                break;
            case "first":
                steps.Add(new PrefixSplitter(replacement[0], onlyAtStart: true));
                break;
            case "never":
                break;
            default:
                throw place.Unknown("this prepend_scheme");
        }

        if (place.GetFlag("split", true))
        {
            steps.Add(new DelimiterSplitter(replacement, DelimiterPlace.MergedWithNext));
        }
    }

    /// <summary>Where Metaspace puts a mark; files from before there was a scheme say yes or no.</summary>
    public static string PrependScheme(JsonPlace metaspace) =>
        metaspace.Find("prepend_scheme")?.GetText() ?? (metaspace.GetFlag("add_prefix_space", true) ? "always" : "never");
}

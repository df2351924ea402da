namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>Splits a piece of text into the words within which pieces are merged. Thread-safe.</summary>
internal abstract class TextSplitter
{
    /// <summary>Adds the words of a piece, none of them empty.</summary>
    /// <param name="piece">The piece, not empty.</param>
    /// <param name="startsText">Whether nothing at all stands before the piece.</param>
    public abstract void Split(MarkedText piece, bool startsText, List<MarkedText> words);
}

/// <summary>Splits what the splitter before it left whole; none at all leaves the piece whole.</summary>
internal sealed class SequenceSplitter(IReadOnlyList<TextSplitter> steps) : TextSplitter
{
    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words)
    {
        List<MarkedText> whole = [piece];
        foreach (TextSplitter step in steps)
        {
            List<MarkedText> parts = new(whole.Count);
            for (int index = 0; index < whole.Count; index++)
            {
                step.Split(whole[index], startsText && index == 0, parts);
            }

            whole = parts;
        }

        words.AddRange(whole);
    }
}

/// <summary>Splits nothing, but sees to it that a piece starts with a space or what stands for one.</summary>
/// <param name="onlyAtStart">Whether it is put only in front of the whole text.</param>
internal sealed class PrefixSplitter(char prefix, bool onlyAtStart) : TextSplitter
{
    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words)
    {
        if (piece.Span[0] == prefix || (onlyAtStart && !startsText))
        {
            words.Add(piece);
            return;
        }

        var prefixed = new MarkedTextBuilder(piece);
        prefixed.Append([prefix], piece.IsUntrustedAt(0));
        prefixed.Append(piece);
        words.Add(prefixed.ToText());
    }
}

/// <summary>Splits nothing, but changes the piece, as Metaspace does with spaces.</summary>
internal sealed class ReplacingSplitter(TextNormalizer normalizer) : TextSplitter
{
    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words) => words.Add(normalizer.Apply(piece));
}

/// <summary>Sets numbers apart, one by one or in runs. A number is any character of the Unicode categories N.</summary>
internal sealed class DigitSplitter(bool oneByOne) : TextSplitter
{
    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words)
    {
        int start = 0;
        bool wasNumber = false;
        for (int index = 0; index < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece.Span[index..], out Rune rune, out int length);
            bool isNumber = Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
            if (index > start && (isNumber != wasNumber || (isNumber && oneByOne)))
            {
                words.Add(piece.Slice(start, index - start));
                start = index;
            }

            wasNumber = isNumber;
            index += length;
        }

        words.Add(piece.Slice(start, piece.Length - start));
    }
}

/// <summary>Where a delimiter goes.</summary>
internal enum DelimiterPlace
{
    Isolated, // a word of its own
    Removed,
    MergedWithPrevious,
    MergedWithNext,
}

/// <summary>Splits at every occurrence of a text.</summary>
internal sealed class DelimiterSplitter(string delimiter, DelimiterPlace place) : TextSplitter
{
    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words)
    {
        int start = 0;
        int from = 0;
        while (piece.Span[from..].IndexOf(delimiter, StringComparison.Ordinal) is >= 0 and int distance)
        {
            int at = from + distance;
            from = at + delimiter.Length;
            Add(start, place == DelimiterPlace.MergedWithPrevious ? from : at);
            if (place == DelimiterPlace.Isolated)
            {
                Add(at, from);
            }

            start = place == DelimiterPlace.MergedWithNext ? at : from;
        }

        Add(start, piece.Length);

        void Add(int first, int end)
        {
            if (end > first)
            {
                words.Add(piece.Slice(first, end - first));
            }
        }
    }
}

/// <summary>Reads the pre-tokenizer of <c>tokenizer.json</c>.</summary>
internal static class SplitterSection
{
    /// <summary>The splitter, and whether words are then written in bytes.</summary>
    public static (TextSplitter Splitter, bool IsByteLevel) Read(JsonValue? section)
    {
        List<TextSplitter> steps = [];
        bool isByteLevel = false;
        foreach (JsonValue place in section is JsonValue root ? Flatten(root) : [])
        {
            if (isByteLevel)
            {
                throw place.Unknown("a pre-tokenizer after ByteLevel");
            }

            isByteLevel = place.Get("type").RequiredText() == "ByteLevel";
            steps.AddRange(Steps(place));
        }

        return (new SequenceSplitter(steps), isByteLevel);
    }

    private static IEnumerable<JsonValue> Flatten(JsonValue place) =>
        place.Get("type").RequiredText() == "Sequence" ? place.Get("pretokenizers").Items().SelectMany(Flatten) : [place];

    private static TextSplitter[] Steps(JsonValue place) => place.Get("type").RequiredText() switch
    {
        "ByteLevel" =>
        [
            .. place["add_prefix_space"].Flag(true) ? [new PrefixSplitter(' ', onlyAtStart: false)] : Array.Empty<TextSplitter>(),
            .. place["use_regex"].Flag(true) ? [new WordSplitter(WordPattern.Gpt2)] : Array.Empty<TextSplitter>(),
        ],
        "Digits" => [new DigitSplitter(place["individual_digits"].Flag(false))],
        "Split" => [ReadSplit(place)],
        "Metaspace" => ReadMetaspace(place),
        _ => throw place.Unknown("this pre-tokenizer"),
    };

    private static TextSplitter ReadSplit(JsonValue place)
    {
        JsonValue pattern = place.Get("pattern");
        string behavior = place.Get("behavior").RequiredText();
        bool inverts = place["invert"].Flag(false);
        if (pattern.Find("Regex") is JsonValue expression)
        {
            // Where a pattern matches every character, keeping the matches and dropping the rest is the same as cutting at them.
            bool dropsRest = (behavior, inverts) is ("Removed", true);
            return WordSplitter.Known(expression.RequiredText()) is WordPattern known && (dropsRest || (behavior == "Isolated" && WordSplitter.TakesAll(known)))
                ? new WordSplitter(known)
                : throw place.Unknown("this regular expression, or this use of it");
        }

        bool isKnown = Enum.TryParse(behavior, out DelimiterPlace delimiterPlace) && !inverts && char.IsAsciiLetter(behavior[0]);
        return isKnown && pattern.Find("String")?.RequiredText() is { Length: > 0 } delimiter
            ? new DelimiterSplitter(delimiter, delimiterPlace)
            : throw place.Unknown("this split");
    }

    private static TextSplitter[] ReadMetaspace(JsonValue place)
    {
        string replacement = place.Get("replacement").RequiredText();
        if (replacement.Length != 1)
        {
            throw place.Unknown("a replacement of several UTF-16 units");
        }

        string scheme = PrependScheme(place) is var known and ("always" or "first" or "never") ? known : throw place.Unknown("this prepend_scheme");
        return
        [
            new ReplacingSplitter(new ReplaceNormalizer(" ", replacement)),
            .. scheme == "never" ? Array.Empty<TextSplitter>() : [new PrefixSplitter(replacement[0], onlyAtStart: scheme == "first")],
            .. place["split"].Flag(true) ? [new DelimiterSplitter(replacement, DelimiterPlace.MergedWithNext)] : Array.Empty<TextSplitter>(),
        ];
    }

    /// <summary>Where Metaspace puts a mark; files from before there was a scheme say yes or no.</summary>
    public static string PrependScheme(JsonValue metaspace) =>
        metaspace.Find("prepend_scheme")?.RequiredText() ?? (metaspace["add_prefix_space"].Flag(true) ? "always" : "never");
}

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>The rules by which byte-level tokenizers find words; they differ in contractions, digits and line ends.</summary>
internal enum WordPattern
{
    /// <summary>GPT-2 and its descendants: a word takes one space before it, digits go in runs.</summary>
    Gpt2,

    /// <summary>Qwen2: a word takes one character before it, digits go one by one, line ends close a run.</summary>
    Qwen2,

    /// <summary>Llama 3 and GPT-4: as Qwen2, but digits go in groups of up to three.</summary>
    Llama3,

    /// <summary>Mistral's tekken: as Qwen2, but a word ends before a capital behind small letters, marks are in words, and there are no contractions.</summary>
    Tekken,

    /// <summary>CLIP: letters in runs, numbers one by one, white space dropped.</summary>
    Clip,
}

/// <summary>Scans for words by the known patterns, on code points and in linear time. A regular expression of .NET would see half
/// surrogate pairs as characters of their own and so split ideographs and styled letters beyond U+FFFF differently.</summary>
internal sealed class WordSplitter(WordPattern pattern) : TextSplitter
{
    private enum Kind
    {
        None,
        Letter,
        Number,
        Space,
        LineEnd,
        Other,
    }

    /// <summary>The pattern that a regular expression of a tokenizer file is, or null for one that is not known.</summary>
    public static WordPattern? Known(string expression) => expression switch
    {
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
            or @"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+" => WordPattern.Gpt2,
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+" => WordPattern.Qwen2,
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            or @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+" => WordPattern.Llama3,
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+" => WordPattern.Tekken,
        @"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
            or @"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+" => WordPattern.Clip,
        _ => null,
    };

    /// <summary>Whether a pattern takes every character; CLIP's leaves white space out.</summary>
    public static bool TakesAll(WordPattern pattern) => pattern != WordPattern.Clip;

    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words)
    {
        for (int start = 0, end; start < piece.Length; start = end)
        {
            end = WordEnd(piece.Span, start);
            if (pattern != WordPattern.Clip || KindAt(piece.Span, start, out _) is not (Kind.Space or Kind.LineEnd))
            {
                words.Add(piece.Slice(start, end - start));
            }
        }
    }

    /// <summary>The end of the word that starts at a place: the alternatives of the expressions, in their order.</summary>
    private int WordEnd(ReadOnlySpan<char> text, int start)
    {
        if ((pattern == WordPattern.Tekken ? CasedEnd(text, start) : ContractionEnd(text, start)) is > 0 and int special)
        {
            return special;
        }

        Kind kind = KindAt(text, start, out int length);
        int second = start + length;
        if (pattern == WordPattern.Clip)
        {
            return ClipEnd(text, start, kind, second);
        }

        Kind next = KindAt(text, second, out _);
        if (pattern != WordPattern.Tekken && (kind == Kind.Letter || (next == Kind.Letter && TakesLetters(text[start], kind))))
        {
            return RunEnd(text, second, Kind.Letter);
        }

        if (kind == Kind.Number)
        {
            return NumberEnd(text, start);
        }

        if (text[start] == ' ' && next == Kind.Number && pattern == WordPattern.Gpt2)
        {
            return RunEnd(text, second, Kind.Number);
        }

        if (kind == Kind.Other || (text[start] == ' ' && next == Kind.Other))
        {
            int end = RunEnd(text, second, Kind.Other);
            if (pattern == WordPattern.Tekken)
            {
                int rest = text[end..].IndexOfAnyExcept('\r', '\n', '/');
                return rest < 0 ? text.Length : end + rest;
            }

            return pattern == WordPattern.Gpt2 ? end : RunEnd(text, end, Kind.LineEnd);
        }

        return SpaceEnd(text, start);
    }

    /// <summary>The end of capitals and small letters, perhaps behind one character that is no letter, number or line end: as many
    /// capitals as leave at least one small letter, then small letters; or else capitals alone. Ideographs, modifiers and marks are
    /// both. 0: there is none.</summary>
    private static int CasedEnd(ReadOnlySpan<char> text, int start)
    {
        bool mayJoin = KindAt(text, start, out int length) is Kind.Space or Kind.Other;
        return mayJoin && WithSmall(text, start + length) is > 0 and int joined ? joined
            : WithSmall(text, start) is > 0 and int alone ? alone
            : mayJoin && Capitals(text, start + length) is > 0 and int joinedCapitals ? joinedCapitals
            : Capitals(text, start);

        static int WithSmall(ReadOnlySpan<char> text, int start)
        {
            int end = start, last = -1; // the end of the last one that is small too
            for (; CaseAt(text, end, out int size) is (true, var isSmall); end += size)
            {
                last = isSmall ? end + size : last;
            }

            return CaseAt(text, end, out _).IsSmall ? SmallEnd(text, end) : Math.Max(last, 0);
        }

        static int Capitals(ReadOnlySpan<char> text, int start)
        {
            int end = start;
            for (; CaseAt(text, end, out int size).IsCapital; end += size)
            {
            }

            return end == start ? 0 : SmallEnd(text, end);
        }

        static int SmallEnd(ReadOnlySpan<char> text, int end)
        {
            for (; CaseAt(text, end, out int size).IsSmall; end += size)
            {
            }

            return end;
        }
    }

    private static (bool IsCapital, bool IsSmall) CaseAt(ReadOnlySpan<char> text, int index, out int length)
    {
        length = 0;
        if (index >= text.Length)
        {
            return default;
        }

        Rune.DecodeFromUtf16(text[index..], out Rune rune, out length);
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => (true, false),
            UnicodeCategory.LowercaseLetter => (false, true),
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
                or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => (true, true),
            _ => default,
        };
    }

    // The names of its special tokens are words too, which no other alternative would take whole.
    private static int ClipEnd(ReadOnlySpan<char> text, int start, Kind kind, int second) =>
        text[start..].StartsWith("<|startoftext|>", StringComparison.Ordinal) ? start + "<|startoftext|>".Length
        : text[start..].StartsWith("<|endoftext|>", StringComparison.Ordinal) ? start + "<|endoftext|>".Length
        : kind is Kind.Letter or Kind.Other ? RunEnd(text, second, kind)
        : second;

    // GPT-2 joins only a space to the letters after it; the others any one character but a line end or a number.
    private bool TakesLetters(char first, Kind kind) =>
        pattern == WordPattern.Gpt2 ? first == ' ' : kind is Kind.Space or Kind.Other;

    private int NumberEnd(ReadOnlySpan<char> text, int start)
    {
        int most = pattern switch { WordPattern.Qwen2 or WordPattern.Tekken => 1, WordPattern.Llama3 => 3, _ => int.MaxValue };
        int end = start;
        for (int count = 0; count < most && KindAt(text, end, out int length) == Kind.Number; count++)
        {
            end += length;
        }

        return end;
    }

    private int SpaceEnd(ReadOnlySpan<char> text, int start)
    {
        int end = start;
        int afterLineEnd = -1;
        int last = start;
        while (KindAt(text, end, out int length) is Kind.Space or Kind.LineEnd)
        {
            last = end;
            end += length;
            afterLineEnd = text[last] is '\r' or '\n' ? end : afterLineEnd;
        }

        if (afterLineEnd > 0 && pattern != WordPattern.Gpt2)
        {
            return afterLineEnd;
        }

        // The last white space before a word is left to the word, unless it is all there is.
        return end == text.Length || last == start ? end : last;
    }

    private int ContractionEnd(ReadOnlySpan<char> text, int start)
    {
        if (text[start] != '\'' || start + 1 >= text.Length)
        {
            return 0;
        }

        char first = Fold(text[start + 1]);
        if (first is 's' or 't' or 'm' or 'd')
        {
            return start + 2;
        }

        char second = start + 2 < text.Length ? Fold(text[start + 2]) : '\0';
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? start + 3 : 0;
    }

    // Case is ignored as Unicode folds it: the long s is an s. GPT-2 and CLIP do not ignore it.
    private char Fold(char unit) => pattern is WordPattern.Gpt2 or WordPattern.Clip ? unit : unit == 'ſ' ? 's' : char.IsAscii(unit) ? char.ToLowerInvariant(unit) : unit;

    private static int RunEnd(ReadOnlySpan<char> text, int start, Kind kind)
    {
        while (KindAt(text, start, out int length) == kind)
        {
            start += length;
        }

        return start;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int index, out int length)
    {
        length = 0;
        if (index >= text.Length)
        {
            return Kind.None;
        }

        Rune.DecodeFromUtf16(text[index..], out Rune rune, out length);
        return rune.Value is '\r' or '\n' ? Kind.LineEnd
            : Rune.IsWhiteSpace(rune) ? Kind.Space
            : Rune.IsLetter(rune) ? Kind.Letter
            : Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber ? Kind.Number
            : Kind.Other;
    }
}

// Tokenizers: text to token ids and back, equal to the reference libraries. TextTokenizer is the way in; TokenizerReader and
// SentencePieceFile read the files; TextNormalizer, then TextSplitter and WordSplitter, then BytePairVocabulary or SentencePieceVocabulary.

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>A token that stands for its content as a whole, recognised before the rest of a text is tokenised.</summary>
/// <param name="Id">The id.</param>
/// <param name="Content">The exact text that it stands for, never empty.</param>
/// <param name="IsSpecial">Whether it is left out of decoded text on demand and unseen by <see cref="TextTokenizer.EncodeAsText"/>.</param>
/// <param name="IsNormalized">Whether it is looked for in the normalised text, by its normalised content.</param>
/// <param name="IsSingleWord">Whether it is recognised only where no letter, digit or mark touches it.</param>
/// <param name="StripsLeft">Whether it swallows the white space before it.</param>
/// <param name="StripsRight">Whether it swallows the white space after it.</param>
public sealed record AddedToken(
    int Id, string Content, bool IsSpecial, bool IsNormalized = false, bool IsSingleWord = false, bool StripsLeft = false, bool StripsRight = false)
{
    /// <summary>The most characters of a content.</summary>
    public const int LongestContent = ContentTrie.LongestContent;

    /// <summary>Whether it is nothing but white space, or marks that stand for it: such a token means nothing that its text does not, so a stranger's text may hold it.</summary>
    internal bool IsBlank => !IsSpecial && Content.All(unit => char.IsWhiteSpace(unit) || unit == '▁');
}

/// <summary>Cuts a text at added tokens: the leftmost first, and of several at one place the longest. It follows
/// <c>AddedVocabulary::find_matches</c> of huggingface/tokenizers (added_vocabulary.rs), white space and word borders included.
/// What a stranger wrote takes no part in a match, but for tokens of white space.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly ContentTrie _contents = new();
    private readonly List<AddedToken> _tokens = [];

    /// <param name="contentOf">The text by which a token is recognised.</param>
    public AddedTokenMatcher(IEnumerable<AddedToken> tokens, Func<AddedToken, string> contentOf)
    {
        foreach (AddedToken token in tokens)
        {
            if (contentOf(token) is { Length: > 0 } content)
            {
                _contents.Add(content, _tokens.Count);
                _tokens.Add(token);
            }
        }
    }

    /// <summary>The pieces of a text in order: an added token, or a text without one.</summary>
    /// <param name="specialAsText">Whether special tokens are passed over as text, as if by <c>encode_special_tokens</c>.</param>
    public IEnumerable<(MarkedText Text, AddedToken? Token)> Cut(MarkedText text, bool specialAsText)
    {
        int done = 0;
        for (int place = 0; place < text.Length && !_contents.IsEmpty;)
        {
            if (_contents.Longest(text, place, index => _tokens[index].IsBlank) is not var (index, length))
            {
                place++;
                continue;
            }

            // A match that is passed over is passed over whole, tokens inside it too: so the reference has it.
            int start = place;
            int end = place += length;
            AddedToken token = _tokens[index];
            if ((specialAsText && token.IsSpecial) || (token.IsSingleWord && !StandsAlone(text.Span, start, end)))
            {
                continue;
            }

            // White space that the token before swallowed may still be a token itself, which then starts before "done".
            start = token.StripsLeft && start > done ? done + text.Span[done..start].TrimEnd().Length : start;
            end = token.StripsRight ? text.Length - text.Span[end..].TrimStart().Length : end;
            if (start > done)
            {
                yield return (text.Slice(done, start - done), null);
            }

            yield return (text.Slice(start, end - start), token);
            done = end;
        }

        if (done < text.Length)
        {
            yield return (text.Slice(done, text.Length - done), null);
        }
    }

    private static bool StandsAlone(ReadOnlySpan<char> text, int start, int end)
    {
        Rune.DecodeLastFromUtf16(text[..start], out Rune before, out _);
        Rune.DecodeFromUtf16(text[end..], out Rune after, out _);
        return (start == 0 || !IsWord(before)) && (end == text.Length || !IsWord(after));
    }

    /// <summary>Word characters as Unicode has them for regular expressions (UTS #18, <c>\w</c>).</summary>
    private static bool IsWord(Rune rune) =>
        Rune.IsLetter(rune) || rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}

/// <summary>Finds the texts of many that stand at a place. Thread-safe once built.</summary>
internal sealed class ContentTrie
{
    /// <summary>The longest content in UTF-16 units; it bounds the work at each place of a text.</summary>
    public const int LongestContent = 256;

    private readonly Dictionary<(int Node, char Unit), int> _edges = [];
    private readonly List<int> _values = [-1];

    public bool IsEmpty => _values.Count == 1;

    /// <summary>Adds a content with its value, 0 or more; a later one of the same content replaces an earlier one.</summary>
    public void Add(ReadOnlySpan<char> content, int value)
    {
        int node = 0;
        foreach (char unit in content)
        {
            if (!_edges.TryGetValue((node, unit), out int next))
            {
                next = _values.Count;
                _values.Add(-1);
                _edges.Add((node, unit), next);
            }

            node = next;
        }

        _values[node] = value;
    }

    /// <summary>Goes on from a node, 0 at first, by one more unit.</summary>
    /// <param name="node">Where the units so far led.</param>
    /// <param name="value">The value of the content that ends here; -1: none does.</param>
    /// <returns>Whether a content begins so.</returns>
    public bool TryStep(ref int node, char unit, out int value)
    {
        bool isKnown = _edges.TryGetValue((node, unit), out node);
        value = isKnown ? _values[node] : -1;
        return isKnown;
    }

    /// <summary>The longest content that stands at a place of the text, or null.</summary>
    /// <param name="mayUse">Null to take any content; otherwise whether a value may be taken if a stranger wrote part of the text of it.</param>
    public (int Value, int Length)? Longest(MarkedText text, int start, Func<int, bool>? mayUse = null)
    {
        (int Value, int Length)? longest = null;
        ReadOnlySpan<char> units = text.Span;
        bool untrusted = false;
        for (int node = 0, end = start; end < units.Length && TryStep(ref node, units[end], out int value); end++)
        {
            untrusted |= text.IsUntrustedAt(end);
            if (value >= 0 && (!untrusted || mayUse is null || mayUse(value)))
            {
                longest = (value, end - start + 1);
            }
        }

        return longest;
    }
}

/// <summary>Gathers added tokens and sees that they do not contradict each other.</summary>
internal sealed class AddedTokenList
{
    private readonly SortedDictionary<int, AddedToken> _byId = [];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    public AddedToken[] ToArray() => [.. _byId.Values];

    public bool Contains(string content) => _ids.ContainsKey(content);

    /// <exception cref="Inference.ModelLoadException">Another token has the id or the content, or there are too many, or it is too long.</exception>
    public void Add(AddedToken token, JsonValue place)
    {
        if (token.Content.Length is 0 or > ContentTrie.LongestContent)
        {
            throw place.Invalid($"an added token has from 1 to {ContentTrie.LongestContent} characters");
        }

        if (!_byId.TryAdd(token.Id, token) || !_ids.TryAdd(token.Content, token.Id))
        {
            throw place.Invalid($"another added token has the id {token.Id} or the content {token.Content}");
        }

        if (_byId.Count > TokenizerLimits.AddedTokens)
        {
            throw place.Invalid($"there are more than {TokenizerLimits.AddedTokens} added tokens");
        }
    }
}

/// <summary>Reads the added tokens that stand beside a vocabulary: <c>added_tokens_decoder</c> in <c>tokenizer_config.json</c>, and
/// those of <c>added_tokens.json</c> that are not in it.</summary>
internal static class AddedTokenFiles
{
    private static readonly string[] s_specialNames =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "additional_special_tokens"];

    /// <param name="configuration">Its <c>tokenizer_config.json</c>, if it has one.</param>
    public static AddedToken[] Read(TokenizerFolder folder, JsonValue? configuration)
    {
        AddedTokenList tokens = new();
        foreach ((string id, JsonValue place) in configuration?.Find("added_tokens_decoder")?.Members() ?? [])
        {
            if (!int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number > TokenizerLimits.HighestId)
            {
                throw place.Invalid($"{id} is no id from 0 to {TokenizerLimits.HighestId}");
            }

            tokens.Add(ReadToken(place, number), place);
        }

        HashSet<string> special = [.. SpecialContents(configuration), .. SpecialContents(folder.ReadJson("special_tokens_map.json"))];
        foreach ((string content, JsonValue place) in folder.ReadJson("added_tokens.json")?.Members() ?? [])
        {
            if (!tokens.Contains(content))
            {
                bool isSpecial = special.Contains(content);
                tokens.Add(new AddedToken(place.GetId(), content, isSpecial, IsNormalized: !isSpecial), place);
            }
        }

        return tokens.ToArray();
    }

    /// <summary>A token as an object with its content and flags.</summary>
    public static AddedToken ReadToken(JsonValue place, int id)
    {
        bool isSpecial = place["special"].Flag(false);
        return new AddedToken(
            id,
            place.Get("content").RequiredText(),
            isSpecial,
            place["normalized"].Flag(!isSpecial),
            place["single_word"].Flag(false),
            place["lstrip"].Flag(false),
            place["rstrip"].Flag(false));
    }

    /// <summary>The content of a token that a file names as a text or as an object, or null if it names none.</summary>
    public static string? ContentOf(JsonValue? token) =>
        token is not JsonValue place ? null : place.IsObject ? place.Get("content").RequiredText() : place.RequiredText();

    private static IEnumerable<string> SpecialContents(JsonValue? file)
    {
        foreach (string name in s_specialNames)
        {
            if (file?.Find(name) is JsonValue place)
            {
                IEnumerable<JsonValue> named = place.IsArray ? place.Items() : [place];
                foreach (JsonValue token in named)
                {
                    yield return ContentOf(token)!;
                }
            }
        }
    }
}

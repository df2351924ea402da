namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>A language model's tokenizer: text to ids and back, equal to the reference libraries (huggingface/tokenizers and
/// SentencePiece) on every golden text. Takes any text; half surrogate pairs count as U+FFFD. Thread-safe.</summary>
public sealed class TextTokenizer
{
    private readonly TokenizerParts _parts;
    private readonly Dictionary<int, AddedToken> _addedById;
    private readonly Dictionary<string, int> _addedByContent;
    private readonly AddedTokenMatcher _rawMatcher;
    private readonly AddedTokenMatcher _normalizedMatcher;
    private readonly HashSet<int> _special;
    private readonly bool[] _reserved;

    internal TextTokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _addedById = parts.AddedTokens.ToDictionary(token => token.Id);
        _addedByContent = parts.AddedTokens.ToDictionary(token => token.Content, token => token.Id, StringComparer.Ordinal);
        _rawMatcher = new AddedTokenMatcher(parts.AddedTokens.Where(token => !token.IsNormalized), token => token.Content);
        _normalizedMatcher = new AddedTokenMatcher(
            parts.AddedTokens.Where(token => token.IsNormalized), token => parts.Normalizer.Apply(MarkedText.Trusted(token.Content)).ToString());
        _special = [.. parts.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Id), .. parts.ControlPieces];
        VocabularySize = Math.Max(parts.Vocabulary.Size, parts.AddedTokens.Count == 0 ? 0 : parts.AddedTokens.Max(token => token.Id) + 1);
        _reserved = new bool[VocabularySize];
        foreach (AddedToken token in parts.AddedTokens)
        {
            _reserved[token.Id] = !token.IsBlank;
        }
    }

    /// <summary>The highest id + 1.</summary>
    public int VocabularySize { get; }

    /// <summary>The tokens that are recognised as a whole, in order of their ids.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _parts.AddedTokens;

    /// <summary>The id put in front of a prompt, or null where the tokenizer puts none.</summary>
    public int? BeginningOfText => _parts.BeginningOfText;

    /// <summary>Reads the tokenizer of a model's folder: <c>tokenizer.json</c>, or else <c>tokenizer.model</c>, or else
    /// <c>vocab.json</c> with <c>merges.txt</c>; to the latter two, the added tokens of <c>tokenizer_config.json</c>,
    /// <c>added_tokens.json</c> and <c>special_tokens_map.json</c>.</summary>
    /// <exception cref="ModelLoadException">No such file is there, or it asks for what is not known here.</exception>
    public static TextTokenizer Open(string folder) => new(TokenizerReader.Read(new TokenizerFolder(folder)));

    /// <summary>The id of an added token, or else of a piece of the vocabulary, by its exact content.</summary>
    public int? Find(string content) => _addedByContent.TryGetValue(content, out int id) ? id : _parts.Vocabulary.Find(content);

    /// <summary>Whether an id is left out of decoded text on demand.</summary>
    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>The ids of a text in which added tokens are recognised. Nothing is put in front. Only for text that no stranger wrote.</summary>
    public int[] Encode(string text) => Encode(MarkedText.From(PromptText.Trusted(text)), specialAsText: false);

    /// <summary>The ids of a text in which special tokens are not recognised, as the reference libraries do it. Other added tokens
    /// are, so this is not for a stranger's text: that takes <see cref="PromptText.Untrusted"/>.</summary>
    public int[] EncodeAsText(string text) => Encode(MarkedText.From(PromptText.Trusted(text)), specialAsText: true);

    /// <summary>The ids of a text as a whole, nothing put in front. An added token is recognised only where a stranger wrote no
    /// part of it, and no character of a stranger becomes an added token's id in any other way, save that of unknown characters and
    /// those of white space, which are no marks.</summary>
    internal int[] Encode(PromptText prompt) => Encode(MarkedText.From(prompt), specialAsText: false);

    /// <summary>As <see cref="Encode(PromptText)"/>, with <see cref="BeginningOfText"/> in front.</summary>
    internal int[] EncodePrompt(PromptText prompt) => BeginningOfText is { } first ? [first, .. Encode(prompt)] : Encode(prompt);

    /// <summary>The text of ids. One that the tokenizer does not have is passed over.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial) => CreateTextStream(skipSpecial).AppendAll(ids);

    /// <summary>The text of ids as they come.</summary>
    internal TokenTextStream CreateTextStream(bool skipSpecial) => new(this, _parts.CreateDecoder(), skipSpecial);

    /// <summary>The content of an id, or null if it has none.</summary>
    /// <param name="isAdded">Whether it is an added token's.</param>
    internal string? PieceOf(int id, out bool isAdded)
    {
        isAdded = _addedById.TryGetValue(id, out AddedToken? token);
        return token?.Content ?? _parts.Vocabulary.PieceOf(id);
    }

    private int[] Encode(MarkedText text, bool specialAsText)
    {
        List<int> ids = [];
        List<MarkedText> words = [];
        SymbolChain chain = new();
        bool startsText = true;
        foreach ((MarkedText raw, AddedToken? rawToken) in _rawMatcher.Cut(text, specialAsText))
        {
            if (rawToken is not null)
            {
                ids.Add(rawToken.Id);
                startsText = false;
                continue;
            }

            foreach ((MarkedText piece, AddedToken? token) in _normalizedMatcher.Cut(_parts.Normalizer.Apply(raw), specialAsText))
            {
                if (token is not null)
                {
                    ids.Add(token.Id);
                }
                else
                {
                    words.Clear();
                    _parts.Splitter.Split(piece, startsText, words);
                    words.ForEach(word => _parts.Vocabulary.Encode(word, _reserved, chain, ids));
                }

                startsText = false;
            }
        }

        return [.. ids];
    }
}

/// <summary>What a tokenizer is made of, as a reader found it in a model's folder.</summary>
internal sealed record TokenizerParts
{
    /// <summary>The tokens that are recognised as a whole, by id; no two share an id or a content.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    public required TextNormalizer Normalizer { get; init; }
    public required TextSplitter Splitter { get; init; }
    public required PieceVocabulary Vocabulary { get; init; }
    public required Func<PieceDecoder> CreateDecoder { get; init; }

    /// <summary>The id put in front of a prompt.</summary>
    public int? BeginningOfText { get; init; }

    /// <summary>Ids that are special without being added tokens, such as a SentencePiece model's control pieces.</summary>
    public IReadOnlyList<int> ControlPieces { get; init; } = [];
}

/// <summary>The text of ids that arrive one by one. What it gives, put together, is what <see cref="TextTokenizer.Decode"/> gives;
/// never half a character. For one reader at a time.</summary>
internal sealed class TokenTextStream(TextTokenizer tokenizer, PieceDecoder decoder, bool skipSpecial)
{
    private readonly StringBuilder _text = new();

    /// <summary>Takes the next id; one that the tokenizer does not have is passed over.</summary>
    /// <returns>The text that became certain, often empty.</returns>
    public string Append(int id)
    {
        Take(id);
        return TakeText();
    }

    /// <returns>The rest; an unfinished character as U+FFFD.</returns>
    public string Flush()
    {
        decoder.Flush(_text);
        return TakeText();
    }

    public string AppendAll(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            Take(id);
        }

        return Flush();
    }

    private void Take(int id)
    {
        if (tokenizer.PieceOf(id, out bool isAdded) is not string piece)
        {
            return;
        }

        if (skipSpecial && tokenizer.IsSpecial(id))
        {
            decoder.Skip(_text);
        }
        else
        {
            decoder.Append(id, piece, isAdded, _text);
        }
    }

    private string TakeText()
    {
        string text = _text.ToString();
        _text.Clear();
        return text;
    }
}

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>The pieces that a tokenizer writes words with. Thread-safe.</summary>
internal abstract class PieceVocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly string?[] _pieces;

    /// <param name="ids">The id of each piece, from 0 to a bound that the reader has checked; no two pieces share one.</param>
    protected PieceVocabulary(Dictionary<string, int> ids)
    {
        _ids = ids;
        _pieces = new string?[ids.Count == 0 ? 0 : ids.Values.Max() + 1];
        foreach ((string piece, int id) in ids)
        {
            _pieces[id] = piece;
        }

        Lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The highest id + 1.</summary>
    public int Size => _pieces.Length;

    /// <summary>The ids by piece.</summary>
    protected Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> Lookup { get; }

    public int? Find(string piece) => _ids.TryGetValue(piece, out int id) ? id : null;

    public string? PieceOf(int id) => id >= 0 && id < _pieces.Length ? _pieces[id] : null;

    /// <summary>Adds the ids of a word.</summary>
    /// <param name="reserved">Ids that text of a stranger must not become, by id. They may still come of a word that no
    /// stranger has written in.</param>
    public abstract void Encode(MarkedText word, bool[] reserved, SymbolChain chain, List<int> ids);
}

/// <summary>How a byte-pair vocabulary is used.</summary>
internal sealed record BytePairOptions
{
    /// <summary>Whether a word is written byte by byte in the <see cref="ByteAlphabet"/> before it is merged.</summary>
    public bool IsByteLevel { get; init; }

    /// <summary>Whether a character without a piece is written as <c>&lt;0x0A&gt;</c> and the like.</summary>
    public bool FallsBackToBytes { get; init; }

    /// <summary>Whether a word that is a piece as it stands is taken so, merges or not.</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>The id of what has no piece; without one it is dropped.</summary>
    public int? Unknown { get; init; }

    /// <summary>Whether unknown characters in a row become one id.</summary>
    public bool FusesUnknown { get; init; }
}

/// <summary>Byte-pair encoding as <c>BPE</c> of huggingface/tokenizers does it (models/bpe/model.rs).</summary>
internal sealed class BytePairVocabulary : PieceVocabulary
{
    private readonly MergeTable _merges;
    private readonly BytePairOptions _options;
    private readonly int[] _bytes = new int[256];
    private readonly int _longestPiece;

    public BytePairVocabulary(Dictionary<string, int> ids, MergeTable merges, BytePairOptions options)
        : base(ids)
    {
        (_merges, _options) = (merges, options);
        _longestPiece = ids.Count == 0 ? 0 : ids.Keys.Max(piece => piece.Length);
        for (int value = 0; value < 256; value++)
        {
            string piece = options.IsByteLevel
                ? ByteAlphabet.CharacterOf((byte)value).ToString()
                : string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");
            _bytes[value] = Find(piece) ?? -1;
        }
    }

    public override void Encode(MarkedText word, bool[] reserved, SymbolChain chain, List<int> ids)
    {
        bool[]? forbidden = word.IsUntrusted ? reserved : null;
        ReadOnlySpan<char> text = _options.IsByteLevel ? Array.ConvertAll(Bytes(word.Span), ByteAlphabet.CharacterOf) : word.Span;
        if (_options.IgnoresMerges && text.Length <= _longestPiece
            && Lookup.TryGetValue(text, out int whole) && forbidden?[whole] != true)
        {
            ids.Add(whole);
            return;
        }

        chain.Clear();
        AddSymbols(text, forbidden, chain);
        if (chain.Count == 0)
        {
            return;
        }

        chain.Merge(_merges, forbidden);
        for (int place = 0; place >= 0;)
        {
            (int id, _, place) = chain.At(place);
            ids.Add(id);
        }
    }

    private static byte[] Bytes(ReadOnlySpan<char> word)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        return bytes;
    }

    private void AddSymbols(ReadOnlySpan<char> text, bool[]? forbidden, SymbolChain chain)
    {
        bool unknownWaits = false;
        for (int start = 0, length; start < text.Length; start += length)
        {
            Rune.DecodeFromUtf16(text[start..], out _, out length);
            ReadOnlySpan<char> character = text.Slice(start, length);
            if (Lookup.TryGetValue(character, out int id) && forbidden?[id] != true)
            {
                Flush(start);
                chain.Add(id, start);
            }
            else if (_options.FallsBackToBytes && AddBytes(character, start, chain))
            {
                // The reference leaves an unknown character before these bytes waiting, so it comes after them.
            }
            else if (_options.Unknown is not null)
            {
                if (!_options.FusesUnknown)
                {
                    Flush(start);
                }

                unknownWaits = true;
            }
        }

        Flush(text.Length);

        void Flush(int start)
        {
            if (unknownWaits)
            {
                chain.Add(_options.Unknown!.Value, start);
                unknownWaits = false;
            }
        }
    }

    private bool AddBytes(ReadOnlySpan<char> character, int start, SymbolChain chain)
    {
        Span<byte> bytes = stackalloc byte[4];
        bytes = bytes[..Encoding.UTF8.GetBytes(character, bytes)];
        foreach (byte value in bytes)
        {
            if (_bytes[value] < 0)
            {
                return false;
            }
        }

        foreach (byte value in bytes)
        {
            chain.Add(_bytes[value], start);
        }

        return true;
    }
}

/// <summary>Which two neighbouring symbols become which one, and in what order. Thread-safe once filled.</summary>
internal sealed class MergeTable(int capacity)
{
    private readonly Dictionary<long, (int Rank, int Result)> _merges = new(capacity);

    /// <summary>The merges of a vocabulary.</summary>
    /// <param name="merges">The pairs in the order in which they are applied, each with what makes an error about it.</param>
    public static MergeTable From(IEnumerable<(string Left, string Right, Func<string, Exception> Wrong)> merges, Dictionary<string, int> ids)
    {
        MergeTable table = new(ids.Count);
        foreach ((int rank, (string left, string right, Func<string, Exception> wrong)) in merges.Index())
        {
            int whole = Require(left + right);
            table.Add(Require(left), Require(right), rank, whole);

            int Require(string piece) => ids.TryGetValue(piece, out int found) ? found : throw wrong($"the vocabulary has no {piece}");
        }

        return table;
    }

    /// <summary>Adds a merge; a later one of the same pair replaces an earlier one.</summary>
    /// <param name="left">The symbol on the left, 0 or more.</param>
    /// <param name="right">The symbol on the right, 0 or more.</param>
    /// <param name="rank">Its place in the order: the lowest goes first, and of equal ones the leftmost.</param>
    /// <param name="result">The symbol that takes their place.</param>
    public void Add(int left, int right, int rank, int result) => _merges[Key(left, right)] = (rank, result);

    public bool TryFind(int left, int right, out int rank, out int result)
    {
        bool found = _merges.TryGetValue(Key(left, right), out (int Rank, int Result) merge);
        (rank, result) = merge;
        return found;
    }

    private static long Key(int left, int right) => ((long)left << 32) | (uint)right;
}

/// <summary>The 256 visible characters that byte-level vocabularies write bytes with: printable ones of Latin-1 for themselves, the
/// rest from U+0100 on in order (<c>bytes_to_unicode</c> of GPT-2's encoder.py).</summary>
internal static class ByteAlphabet
{
    private static readonly char[] s_characters = Characters();
    private static readonly int[] s_bytes = Bytes();

    public static char CharacterOf(byte value) => s_characters[value];

    /// <summary>The byte of a character, or below 0 if it stands for none.</summary>
    public static int ByteOf(char character) => character < s_bytes.Length ? s_bytes[character] : -1;

    private static char[] Characters()
    {
        char[] characters = new char[256];
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
        {
            bool isPrintable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = isPrintable ? (char)value : next++;
        }

        return characters;
    }

    private static int[] Bytes()
    {
        int[] bytes = new int[s_characters.Max() + 1];
        bytes.AsSpan().Fill(-1);
        for (int value = 0; value < 256; value++)
        {
            bytes[s_characters[value]] = value;
        }

        return bytes;
    }
}

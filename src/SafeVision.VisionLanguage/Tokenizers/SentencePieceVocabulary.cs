namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>What a piece of a SentencePiece model is for; the numbers are those of sentencepiece_model.proto.</summary>
internal enum SentencePieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>A piece of a SentencePiece model.</summary>
/// <param name="Score">The higher, the sooner it is merged.</param>
internal readonly record struct SentencePiece(string Text, float Score, SentencePieceKind Kind)
{
    /// <summary>Whether characters of a text may become it.</summary>
    public bool IsOfText => Kind is SentencePieceKind.Normal or SentencePieceKind.UserDefined or SentencePieceKind.Unused;
}

/// <summary>A SentencePiece model of the type BPE, as the reference library encodes with it (bpe_model.cc): user-defined pieces
/// first and whole, then merges by score, the best first, and bytes for what has no piece.</summary>
internal sealed class SentencePieceVocabulary : PieceVocabulary
{
    private readonly SentencePiece[] _pieces;
    private readonly MergeTable _merges = new(0);
    private readonly ContentTrie _userDefined = new();
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _symbols;
    private readonly int[] _bytes = new int[256];
    private readonly int _unknown;
    private readonly bool _hasUnused;

    /// <param name="fallsBackToBytes">Whether the model has been trained with byte fallback.</param>
    public SentencePieceVocabulary(SentencePiece[] pieces, Dictionary<string, int> ids, bool fallsBackToBytes)
        : base(ids)
    {
        _pieces = pieces;
        _unknown = Array.FindIndex(pieces, piece => piece.Kind == SentencePieceKind.Unknown);
        _hasUnused = pieces.Any(piece => piece.Kind == SentencePieceKind.Unused);
        for (int value = 0; value < 256; value++)
        {
            string piece = string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");
            _bytes[value] = fallsBackToBytes ? Find(piece) ?? -1 : -1;
        }

        Dictionary<string, int> symbols = new(pieces.Length, StringComparer.Ordinal);
        _symbols = symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int id = 0; id < pieces.Length; id++)
        {
            if (pieces[id].IsOfText)
            {
                symbols.Add(pieces[id].Text, id);
            }

            if (pieces[id].Kind == SentencePieceKind.UserDefined)
            {
                _userDefined.Add(pieces[id].Text, id);
            }
        }

        AddMerges(symbols);
    }

    public SentencePieceKind? KindOf(int id) => id >= 0 && id < _pieces.Length ? _pieces[id].Kind : null;

    public override void Encode(MarkedText word, bool[] reserved, SymbolChain chain, List<int> ids)
    {
        chain.Clear();
        for (int start = 0; start < word.Length;)
        {
            if (_userDefined.Longest(word, start, piece => !reserved[piece]) is var (whole, length))
            {
                chain.Add(~whole, start); // a symbol below 0 stays as it is
                start += length;
                continue;
            }

            Rune.DecodeFromUtf16(word.Span[start..], out _, out int units);
            chain.Add(_symbols.TryGetValue(word.Span.Slice(start, units), out int symbol) ? symbol : int.MinValue, start);
            start += units;
        }

        bool[]? forbidden = word.IsUntrusted ? reserved : null;
        Dictionary<int, (int Left, int Right)>? undo = _hasUnused ? [] : null;
        chain.Merge(_merges, forbidden, undo);
        bool afterUnknown = false;
        for (int place = 0; place >= 0;)
        {
            (int symbol, int start, place) = chain.At(place);
            ReadOnlySpan<char> text = word.Span[start..chain.End(place, word.Length)];
            afterUnknown = Emit(symbol, text, forbidden, undo, ids, afterUnknown);
        }
    }

    /// <summary>Adds the ids of a symbol. True if it was unknown, so that the next unknown one becomes one with it.</summary>
    private bool Emit(
        int symbol, ReadOnlySpan<char> text, bool[]? forbidden, Dictionary<int, (int Left, int Right)>? undo, List<int> ids, bool afterUnknown)
    {
        bool isUserDefined = symbol < 0 && symbol != int.MinValue; // which has been allowed by its own characters
        int id = isUserDefined ? ~symbol : symbol;
        if (isUserDefined || (id >= 0 && id < _pieces.Length && forbidden?[id] != true))
        {
            // An unused piece is taken apart again, down to pieces that are used.
            if (!isUserDefined && _pieces[id].Kind == SentencePieceKind.Unused && undo!.TryGetValue(id, out (int Left, int Right) parts))
            {
                bool unknown = Emit(parts.Left, _pieces[id].Text.AsSpan(0, LengthOf(parts.Left, id, parts.Right)), forbidden, undo, ids, afterUnknown);
                return Emit(parts.Right, _pieces[id].Text.AsSpan(LengthOf(parts.Left, id, parts.Right)), forbidden, undo, ids, unknown);
            }

            ids.Add(id);
            return false;
        }

        Span<byte> bytes = stackalloc byte[4];
        bytes = bytes[..Encoding.UTF8.GetBytes(text, bytes)];
        if (_bytes[0] >= 0)
        {
            foreach (byte value in bytes)
            {
                ids.Add(_bytes[value]);
            }
        }
        else if (!afterUnknown)
        {
            ids.Add(_unknown);
        }

        return true;
    }

    // A symbol beyond the pieces is a character, which is told by what its neighbour leaves of the whole.
    private int LengthOf(int left, int whole, int right) =>
        left < _pieces.Length ? _pieces[left].Text.Length
        : right < _pieces.Length ? _pieces[whole].Text.Length - _pieces[right].Text.Length
        : char.IsHighSurrogate(_pieces[whole].Text[0]) ? 2 : 1;

    /// <summary>The reference merges two symbols if their text together is a piece. So every cut of a piece into two symbols is a
    /// merge here. A character that is no piece itself gets a symbol beyond the pieces, since it may begin one.</summary>
    private void AddMerges(Dictionary<string, int> symbols)
    {
        float[] scores = [.. _pieces.Where(piece => piece.IsOfText).Select(piece => piece.Score).Distinct().OrderDescending()];
        Dictionary<float, int> ranks = scores.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        int extra = _pieces.Length;
        for (int id = 0; id < _pieces.Length; id++)
        {
            string text = _pieces[id].Text;
            for (int cut = 1; _pieces[id].IsOfText && cut < text.Length; cut++)
            {
                if (!char.IsLowSurrogate(text[cut]) && Symbol(text.AsSpan(0, cut)) is int left && Symbol(text.AsSpan(cut)) is int right)
                {
                    _merges.Add(left, right, ranks[_pieces[id].Score], id);
                }
            }
        }

        int? Symbol(ReadOnlySpan<char> text)
        {
            if (_symbols.TryGetValue(text, out int symbol))
            {
                return symbol;
            }

            if (text.Length > 2 || (text.Length == 2 && !char.IsHighSurrogate(text[0])))
            {
                return null;
            }

            symbols.Add(text.ToString(), extra);
            return extra++;
        }
    }
}

namespace SafeVision.VisionLanguage.Tokenizers.Vocabularies;

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
    /// <param name="word">The word, not empty.</param>
    /// <param name="reserved">
    /// Ids that text of a stranger must not become, by id. They may still come of a word that no stranger has written in.
    /// </param>
    /// <param name="chain">Scratch space.</param>
    /// <param name="ids">Where to.</param>
    public abstract void Encode(MarkedText word, bool[] reserved, SymbolChain chain, List<int> ids);
}

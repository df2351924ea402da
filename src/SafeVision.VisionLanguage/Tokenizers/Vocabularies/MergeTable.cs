namespace SafeVision.VisionLanguage.Tokenizers.Vocabularies;

/// <summary>Which two neighbouring symbols become which one, and in what order. Thread-safe once filled.</summary>
internal sealed class MergeTable(int capacity)
{
    private readonly Dictionary<long, (int Rank, int Result)> _merges = new(capacity);

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

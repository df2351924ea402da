namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>A set of labels of a vocabulary, by their places in it; enumerated in order. Not thread-safe while it changes.</summary>
internal sealed class LabelBits(int labels) : IEnumerable<int>
{
    private readonly ulong[] _words = new ulong[(labels + 63) / 64];

    public bool IsEmpty => !_words.AsSpan().ContainsAnyExcept(0UL);

    public int Count => _words.Sum(word => BitOperations.PopCount(word));

    public bool Contains(int label) => (_words[label / 64] >> (label % 64) & 1) != 0;

    /// <summary>Adds a label; false when it is there already.</summary>
    public bool Add(int label)
    {
        bool isNew = !Contains(label);
        _words[label / 64] |= 1UL << (label % 64);
        return isNew;
    }

    public void UnionWith(ReadOnlySpan<int> others)
    {
        foreach (int label in others)
        {
            Add(label);
        }
    }

    public void UnionWith(LabelBits others) => TensorPrimitives.BitwiseOr<ulong>(_words, others._words, _words);

    public void IntersectWith(LabelBits others) => TensorPrimitives.BitwiseAnd<ulong>(_words, others._words, _words);

    public void ExceptWith(LabelBits others)
    {
        for (int i = 0; i < _words.Length; i++)
        {
            _words[i] &= ~others._words[i];
        }
    }

    public bool Overlaps(LabelBits others) => this.Any(others.Contains);

    public LabelBits Copy()
    {
        var copy = new LabelBits(labels);
        _words.CopyTo(copy._words, 0);
        return copy;
    }

    public IEnumerator<int> GetEnumerator()
    {
        for (int i = 0; i < _words.Length; i++)
        {
            for (ulong left = _words[i]; left != 0; left &= left - 1)
            {
                yield return (64 * i) + BitOperations.TrailingZeroCount(left);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

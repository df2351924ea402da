namespace SafeVision.Evaluation.Datasets;

/// <summary>
/// Finds all hashes within 31 bits of another, exactly, by multi-index hashing (Norouzi, Punjani and Fleet 2012): of sixteen
/// parts of 16 bits, two hashes that differ in at most 31 bits have one that differs in at most one. So only hashes that share
/// such a part, or one a bit away, are compared.
/// </summary>
internal sealed class PdqIndex
{
    /// <summary>The largest distance that is found.</summary>
    public const int MaxDistance = 31;

    private const int Parts = 16;
    private const int Keys = 1 << 16;

    private readonly IReadOnlyList<PdqHash> _hashes;
    private readonly int[][] _starts; // [part][key]: where the key's hashes begin
    private readonly int[][] _order; // [part]: all hashes, by key
    private readonly int[] _seen; // by which query each was last compared

    public PdqIndex(IReadOnlyList<PdqHash> hashes)
    {
        _hashes = hashes;
        _seen = new int[hashes.Count];
        Array.Fill(_seen, -1);
        _starts = new int[Parts][];
        _order = new int[Parts][];
        for (int part = 0; part < Parts; part++)
        {
            Sort(part);
        }
    }

    /// <summary>Calls back with each hash after the query's own place that is near it, and the distance.</summary>
    /// <param name="index">The query's place in the list.</param>
    /// <param name="maxDistance">0 to <see cref="MaxDistance"/>.</param>
    /// <param name="found">Gets the other's place and the distance.</param>
    public void FindAfter(int index, int maxDistance, Action<int, int> found)
    {
        PdqHash query = _hashes[index];
        for (int part = 0; part < Parts; part++)
        {
            int key = query.Part(part);
            Compare(part, key);
            for (int bit = 0; bit < 16; bit++)
            {
                Compare(part, key ^ (1 << bit));
            }
        }

        void Compare(int part, int key)
        {
            int[] order = _order[part];
            for (int i = _starts[part][key]; i < _starts[part][key + 1]; i++)
            {
                int other = order[i];
                if (other > index && _seen[other] != index)
                {
                    _seen[other] = index;
                    if (query.Distance(_hashes[other]) is var distance && distance <= maxDistance)
                    {
                        found(other, distance);
                    }
                }
            }
        }
    }

    // Counting sort: one pass counts the keys, one lays the hashes down.
    private void Sort(int part)
    {
        int[] starts = new int[Keys + 1];
        for (int i = 0; i < _hashes.Count; i++)
        {
            starts[_hashes[i].Part(part) + 1]++;
        }

        for (int key = 0; key < Keys; key++)
        {
            starts[key + 1] += starts[key];
        }

        int[] next = starts[..Keys];
        int[] order = new int[_hashes.Count];
        for (int i = 0; i < order.Length; i++)
        {
            order[next[_hashes[i].Part(part)]++] = i;
        }

        (_starts[part], _order[part]) = (starts, order);
    }
}

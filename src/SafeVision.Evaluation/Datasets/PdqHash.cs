using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;

namespace SafeVision.Evaluation.Datasets;

/// <summary>A perceptual hash of 256 bits by Facebook's PDQ algorithm (2019): images that look alike have hashes that differ in few
/// bits. Up to 31 of 256 is the usual bound for "the same image", saved, scaled or recompressed.</summary>
/// <remarks>Bit i·16 + j says whether the image's horizontal frequency j + 1 and vertical frequency i + 1 are above the median.</remarks>
internal readonly record struct PdqHash
{
    public const int Bits = 256;

    private readonly Vector256<ulong> _words; // bit 0 is the lowest of the first word

    internal PdqHash(Vector256<ulong> words) => _words = words;

    /// <summary>In how many bits two hashes differ, 0 to 256. Hashes of unrelated images differ in about 128.</summary>
    public int Distance(PdqHash other)
    {
        Vector256<ulong> different = _words ^ other._words;
        return BitOperations.PopCount(different[0]) + BitOperations.PopCount(different[1]) + BitOperations.PopCount(different[2]) + BitOperations.PopCount(different[3]);
    }

    /// <summary>Sixteen bits of the hash, as a key to look it up by.</summary>
    /// <param name="index">Which sixteen, 0 to 15.</param>
    internal ushort Part(int index) => (ushort)(_words[index / 4] >> (index % 4 * 16));

    /// <summary>Reads 64 hexadecimal digits, as <see cref="ToString"/> and the reference implementation write them.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PdqHash hash)
    {
        hash = default;
        Span<byte> bytes = stackalloc byte[Bits / 8];
        if (text is not { Length: Bits / 4 } || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        hash = new PdqHash(Vector256.Create(
            BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes)));
        return true;
    }

    /// <summary>64 hexadecimal digits, the highest bits first.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{_words[3]:x16}{_words[2]:x16}{_words[1]:x16}{_words[0]:x16}");
}

/// <summary>An image's hash and how much it means.</summary>
/// <param name="Quality">0 to 100: how much there is to see. Below 50 a match means little: even images are all alike.</param>
internal readonly record struct PdqResult(PdqHash Hash, int Quality);

/// <summary>Finds all hashes within 31 bits of another, exactly, by multi-index hashing (Norouzi, Punjani and Fleet 2012): of
/// sixteen parts of 16 bits, two hashes that differ in at most 31 bits have one that differs in at most one. So only hashes that
/// share such a part, or one a bit away, are compared.</summary>
internal sealed class PdqIndex
{
    public const int MaxDistance = 31; // the most bits in which the hashes of one image differ, as PDQ's authors advise

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
    public void FindAfter(int index, Action<int, int> found)
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
                    if (query.Distance(_hashes[other]) is var distance && distance <= MaxDistance)
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

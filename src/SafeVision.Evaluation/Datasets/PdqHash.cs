using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace SafeVision.Evaluation.Datasets;

/// <summary>
/// A perceptual hash of 256 bits by Facebook's PDQ algorithm (2019): pictures that look alike have hashes that differ in few
/// bits. Up to 31 of 256 is the usual bound for "the same picture", saved, scaled or recompressed.
/// </summary>
/// <remarks>Bit i·16 + j says whether the picture's horizontal frequency j + 1 and vertical frequency i + 1 are above the median.</remarks>
public readonly record struct PdqHash
{
    /// <summary>The number of bits.</summary>
    public const int Bits = 256;

    private readonly Vector256<ulong> _words; // bit 0 is the lowest of the first word

    internal PdqHash(Vector256<ulong> words) => _words = words;

    /// <summary>In how many bits two hashes differ, 0 to 256. Hashes of unrelated pictures differ in about 128.</summary>
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

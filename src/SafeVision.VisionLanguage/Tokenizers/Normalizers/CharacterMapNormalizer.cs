using System.Buffers.Binary;
using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers.Normalizers;

/// <summary>
/// The compiled character map of a SentencePiece model: of the texts in it that stand at a place the longest is replaced. It is
/// a double array of 32-bit units (Aoe, 1989; the layout of darts-clone) and the replacements, each ended by a zero byte
/// (normalizer.cc, <c>NormalizePrefix</c>).
/// </summary>
internal sealed class CharacterMapNormalizer : TextNormalizer
{
    private const int LongestMatch = 256; // in bytes; it bounds the work at each place of a text

    private readonly uint[] _units;
    private readonly byte[] _replacements;

    private CharacterMapNormalizer(uint[] units, byte[] replacements) => (_units, _replacements) = (units, replacements);

    /// <exception cref="InvalidDataException">It is no such map.</exception>
    public static CharacterMapNormalizer Create(ReadOnlySpan<byte> map)
    {
        uint size = map.Length >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(map) : uint.MaxValue;
        if (size == 0 || size > map.Length - sizeof(uint) || size % sizeof(uint) != 0)
        {
            throw new InvalidDataException($"The character map of {map.Length} bytes is none.");
        }

        uint[] units = new uint[size / sizeof(uint)];
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map[((i + 1) * sizeof(uint))..]);
        }

        return new CharacterMapNormalizer(units, map[(int)(sizeof(uint) + size)..].ToArray());
    }

    public override MarkedText Apply(MarkedText text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text.Span)];
        Encoding.UTF8.GetBytes(text.Span, bytes);
        var result = new MarkedTextBuilder(text);
        int place = 0;
        for (int start = 0; start < bytes.Length;)
        {
            (int length, ReadOnlyMemory<byte>? replacement) = Longest(bytes, start);
            if (replacement is null)
            {
                Rune.DecodeFromUtf8(bytes.AsSpan(start), out _, out length);
            }

            int units = Encoding.UTF8.GetCharCount(bytes, start, length);
            MarkedText piece = text.Slice(place, units);
            if (replacement is { } other)
            {
                result.Append(Encoding.UTF8.GetString(other.Span), piece.IsUntrusted);
            }
            else
            {
                result.Append(piece);
            }

            start += length;
            place += units;
        }

        return result.ToText();
    }

    /// <summary>The longest match at a place, in bytes, and what takes its place; null: nothing matches.</summary>
    private (int Length, ReadOnlyMemory<byte>? Replacement) Longest(byte[] bytes, int start)
    {
        (int, ReadOnlyMemory<byte>?) longest = default;
        uint position = Offset(_units[0]);
        for (int i = start; i < Math.Min(bytes.Length, start + LongestMatch) && bytes[i] != 0; i++)
        {
            position ^= bytes[i];
            if (position >= _units.Length || (_units[position] & 0x800000FF) != bytes[i])
            {
                break;
            }

            uint unit = _units[position];
            position ^= Offset(unit);
            bool isWhole = i + 1 == bytes.Length || (bytes[i + 1] & 0xC0) != 0x80; // not in the middle of a character
            if ((unit & 0x100) != 0 && isWhole && position < _units.Length && (_units[position] & int.MaxValue) is uint at && at < _replacements.Length)
            {
                ReadOnlySpan<byte> rest = _replacements.AsSpan((int)at);
                int end = rest.IndexOf((byte)0);
                longest = (i + 1 - start, _replacements.AsMemory((int)at, end < 0 ? rest.Length : end));
            }
        }

        return longest;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}

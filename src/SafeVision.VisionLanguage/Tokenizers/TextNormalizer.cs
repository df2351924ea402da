using System.Buffers.Binary;
using System.Text;
using SafeVision.Unicode;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>Changes a piece of text, which lies between two added tokens, before it is split into words. Thread-safe.</summary>
internal abstract class TextNormalizer
{
    /// <summary>The changed text. A unit made of several is a stranger's if one of them was.</summary>
    public abstract MarkedText Apply(MarkedText text);
}

/// <summary>Several changes, one after the other; none at all leaves the text as it is.</summary>
internal sealed class SequenceNormalizer(IReadOnlyList<TextNormalizer> steps) : TextNormalizer
{
    public override MarkedText Apply(MarkedText text)
    {
        foreach (TextNormalizer step in steps)
        {
            text = step.Apply(text);
        }

        return text;
    }
}

/// <summary>Unicode normalisation form C, or form D.</summary>
internal sealed class CanonicalNormalizer(bool composes) : TextNormalizer
{
    public override MarkedText Apply(MarkedText text)
    {
        if (!text.IsUntrusted)
        {
            return MarkedText.Trusted(Normalize(text.ToString()));
        }

        // An ASCII character composes with nothing before it, so the text may be cut before each. What is written together
        // with a stranger's character counts as a stranger's.
        var result = new MarkedTextBuilder(text);
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = start + 1;
            while (end < text.Length && !char.IsAscii(text.Span[end]))
            {
                end++;
            }

            MarkedText part = text.Slice(start, end - start);
            result.Append(Normalize(part.ToString()), part.IsUntrusted);
        }

        return result.ToText();
    }

    private string Normalize(string text) => composes ? UnicodeNormalization.ToNfc(text) : UnicodeNormalization.ToNfd(text);
}

/// <summary>Every character in lower case by itself, without regard to a language or to what stands around it.</summary>
internal sealed class LowercaseNormalizer : TextNormalizer
{
    private const int DottedCapitalI = 0x130;

    public override MarkedText Apply(MarkedText text)
    {
        var result = new MarkedTextBuilder(text);
        Span<char> units = stackalloc char[2];
        for (int index = 0; index < text.Length;)
        {
            Rune.DecodeFromUtf16(text.Span[index..], out Rune rune, out int length);
            bool untrusted = text.Slice(index, length).IsUntrusted;
            if (rune.Value == DottedCapitalI)
            {
                result.Append("i\u0307", untrusted); // the one character whose lower case is two
            }
            else
            {
                result.Append(units[..Rune.ToLowerInvariant(rune).EncodeToUtf16(units)], untrusted);
            }

            index += length;
        }

        return result.ToText();
    }
}

/// <summary>Puts a text in front of every piece that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : TextNormalizer
{
    public override MarkedText Apply(MarkedText text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        var result = new MarkedTextBuilder(text);
        result.Append(prefix, text.IsUntrustedAt(0));
        result.Append(text);
        return result.ToText();
    }
}

/// <summary>Drops the punctuation of ASCII, Python's <c>string.punctuation</c>.</summary>
internal sealed class PunctuationNormalizer : TextNormalizer
{
    public override MarkedText Apply(MarkedText text)
    {
        var result = new MarkedTextBuilder(text);
        int start = 0;
        for (int index = 0; index < text.Length; index++)
        {
            if (text.Span[index] is (>= '!' and <= '/') or (>= ':' and <= '@') or (>= '[' and <= '`') or (>= '{' and <= '~'))
            {
                result.Append(text.Slice(start, index - start));
                start = index + 1;
            }
        }

        result.Append(text.Slice(start, text.Length - start));
        return result.ToText();
    }
}

/// <summary>Puts one text in the place of every occurrence of another, from left to right.</summary>
internal sealed class ReplaceNormalizer(string pattern, string content) : TextNormalizer
{
    public override MarkedText Apply(MarkedText text)
    {
        if (!text.IsUntrusted)
        {
            return MarkedText.Trusted(text.ToString().Replace(pattern, content, StringComparison.Ordinal));
        }

        var result = new MarkedTextBuilder(text);
        int done = 0;
        while (text.Span[done..].IndexOf(pattern, StringComparison.Ordinal) is >= 0 and int distance)
        {
            result.Append(text.Slice(done, distance));
            result.Append(content, text.Slice(done + distance, pattern.Length).IsUntrusted);
            done += distance + pattern.Length;
        }

        result.Append(text.Slice(done, text.Length - done));
        return result.ToText();
    }
}

/// <summary>Every run of white space as one space.</summary>
/// <param name="isTrimmed">Whether the runs at both ends are dropped, and the separators U+001C to U+001F count too, as Python has it.</param>
internal sealed class WhiteSpaceNormalizer(bool isTrimmed) : TextNormalizer
{
    public override MarkedText Apply(MarkedText text)
    {
        var result = new MarkedTextBuilder(text);
        int run = -1; // where it starts
        bool isEmpty = true;
        for (int index = 0; index < text.Length;)
        {
            Rune.DecodeFromUtf16(text.Span[index..], out Rune rune, out int length);
            if (Rune.IsWhiteSpace(rune) || (isTrimmed && rune.Value is >= 0x1C and <= 0x1F))
            {
                run = run < 0 ? index : run;
            }
            else
            {
                Close(index);
                result.Append(text.Slice(index, length));
                isEmpty = false;
            }

            index += length;
        }

        if (!isTrimmed)
        {
            Close(text.Length);
        }

        return result.ToText();

        void Close(int end)
        {
            if (run >= 0 && !(isTrimmed && isEmpty))
            {
                result.Append(" ", text.Slice(run, end - run).IsUntrusted);
            }

            run = -1;
        }
    }
}

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

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

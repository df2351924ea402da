using SafeVision.Unicode;

namespace SafeVision.VisionLanguage.Tokenizers.Normalizers;

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

namespace SafeVision.VisionLanguage.Tokenizers.Normalizers;

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

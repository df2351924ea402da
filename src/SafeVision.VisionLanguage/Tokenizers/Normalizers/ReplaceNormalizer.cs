namespace SafeVision.VisionLanguage.Tokenizers.Normalizers;

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

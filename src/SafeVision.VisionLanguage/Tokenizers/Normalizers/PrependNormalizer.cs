namespace SafeVision.VisionLanguage.Tokenizers.Normalizers;

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

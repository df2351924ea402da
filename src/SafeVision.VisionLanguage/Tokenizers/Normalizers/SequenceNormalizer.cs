namespace SafeVision.VisionLanguage.Tokenizers.Normalizers;

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

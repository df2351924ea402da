namespace SafeVision.VisionLanguage.Tokenizers.Splitters;

/// <summary>Splits nothing, but sees to it that a piece starts with a space or what stands for one.</summary>
/// <param name="prefix">The character.</param>
/// <param name="onlyAtStart">Whether it is put only in front of the whole text.</param>
internal sealed class PrefixSplitter(char prefix, bool onlyAtStart) : TextSplitter
{
    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words)
    {
        if (piece.Span[0] == prefix || (onlyAtStart && !startsText))
        {
            words.Add(piece);
            return;
        }

        var prefixed = new MarkedTextBuilder(piece);
        prefixed.Append([prefix], piece.IsUntrustedAt(0));
        prefixed.Append(piece);
        words.Add(prefixed.ToText());
    }
}

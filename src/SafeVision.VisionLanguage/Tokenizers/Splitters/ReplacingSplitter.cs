using SafeVision.VisionLanguage.Tokenizers.Normalizers;

namespace SafeVision.VisionLanguage.Tokenizers.Splitters;

/// <summary>Splits nothing, but changes the piece, as Metaspace does with spaces.</summary>
internal sealed class ReplacingSplitter(TextNormalizer normalizer) : TextSplitter
{
    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words) => words.Add(normalizer.Apply(piece));
}

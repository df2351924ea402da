namespace SafeVision.VisionLanguage.Tokenizers.Splitters;

/// <summary>Splits what the splitter before it left whole; none at all leaves the piece whole.</summary>
internal sealed class SequenceSplitter(IReadOnlyList<TextSplitter> steps) : TextSplitter
{
    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words)
    {
        List<MarkedText> whole = [piece];
        foreach (TextSplitter step in steps)
        {
            List<MarkedText> parts = new(whole.Count);
            for (int index = 0; index < whole.Count; index++)
            {
                step.Split(whole[index], startsText && index == 0, parts);
            }

            whole = parts;
        }

        words.AddRange(whole);
    }
}

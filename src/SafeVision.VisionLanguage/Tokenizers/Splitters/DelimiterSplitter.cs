namespace SafeVision.VisionLanguage.Tokenizers.Splitters;

/// <summary>Splits at every occurrence of a text.</summary>
internal sealed class DelimiterSplitter(string delimiter, DelimiterPlace place) : TextSplitter
{
    public override void Split(MarkedText piece, bool startsText, List<MarkedText> words)
    {
        int start = 0;
        int from = 0;
        while (piece.Span[from..].IndexOf(delimiter, StringComparison.Ordinal) is >= 0 and int distance)
        {
            int at = from + distance;
            from = at + delimiter.Length;
            Add(start, place == DelimiterPlace.MergedWithPrevious ? from : at);
            if (place == DelimiterPlace.Isolated)
            {
                Add(at, from);
            }

            start = place == DelimiterPlace.MergedWithNext ? at : from;
        }

        Add(start, piece.Length);

        void Add(int first, int end)
        {
            if (end > first)
            {
                words.Add(piece.Slice(first, end - first));
            }
        }
    }
}

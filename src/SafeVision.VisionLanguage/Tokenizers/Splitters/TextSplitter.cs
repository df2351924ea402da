namespace SafeVision.VisionLanguage.Tokenizers.Splitters;

/// <summary>Splits a piece of text into the words within which pieces are merged. Thread-safe.</summary>
internal abstract class TextSplitter
{
    /// <summary>Adds the words of a piece, none of them empty.</summary>
    /// <param name="piece">The piece, not empty.</param>
    /// <param name="startsText">Whether nothing at all stands before the piece.</param>
    /// <param name="words">Where to.</param>
    public abstract void Split(MarkedText piece, bool startsText, List<MarkedText> words);
}

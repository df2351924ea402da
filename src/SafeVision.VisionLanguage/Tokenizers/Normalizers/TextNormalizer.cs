namespace SafeVision.VisionLanguage.Tokenizers.Normalizers;

/// <summary>Changes a piece of text, which lies between two added tokens, before it is split into words. Thread-safe.</summary>
internal abstract class TextNormalizer
{
    /// <summary>The changed text. A unit made of several is a stranger's if one of them was.</summary>
    public abstract MarkedText Apply(MarkedText text);
}

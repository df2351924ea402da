namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>A token that stands for its content as a whole, recognised before the rest of a text is tokenised.</summary>
/// <param name="Id">The id.</param>
/// <param name="Content">The exact text that it stands for, never empty.</param>
/// <param name="IsSpecial">Whether it is left out of decoded text on demand and unseen by <see cref="TextTokenizer.EncodeAsText"/>.</param>
/// <param name="IsNormalized">Whether it is looked for in the normalised text, by its normalised content.</param>
/// <param name="IsSingleWord">Whether it is recognised only where no letter, digit or mark touches it.</param>
/// <param name="StripsLeft">Whether it swallows the white space before it.</param>
/// <param name="StripsRight">Whether it swallows the white space after it.</param>
internal sealed record AddedToken(
    int Id, string Content, bool IsSpecial, bool IsNormalized = false, bool IsSingleWord = false, bool StripsLeft = false, bool StripsRight = false);

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>One kind of language model: how its weights are named and laid out.</summary>
internal interface ITextFamily
{
    /// <exception cref="CheckpointException">Something is missing or does not fit.</exception>
    TextDecoder Read(TextSource source);
}

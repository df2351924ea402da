namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>A family whose checkpoints hold a vision tower and a language model.</summary>
internal interface IVisionLanguageFamily : IModelFamily
{
    /// <summary>Reads a checkpoint. The result holds its files open until it is disposed.</summary>
    /// <exception cref="CheckpointException">It is not one of this family, or is damaged.</exception>
    VisionLanguageModel Read(string folder);
}

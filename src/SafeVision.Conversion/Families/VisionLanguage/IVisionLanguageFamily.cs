using SafeVision.Conversion.Preparation;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>A family whose checkpoints hold a vision tower and a language model.</summary>
internal interface IVisionLanguageFamily : IModelFamily
{
    /// <summary>Reads a checkpoint. The result holds its files open until it is disposed.</summary>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="adapter">What is merged into its weights, which then must live as long as the result; null: nothing.</param>
    /// <exception cref="CheckpointException">It is not one of this family, or is damaged, or the adapter does not fit it.</exception>
    VisionLanguageModel Read(string folder, LoraAdapter? adapter = null);
}

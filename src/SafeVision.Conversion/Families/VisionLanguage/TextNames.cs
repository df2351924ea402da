namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Where a checkpoint keeps its language model.</summary>
/// <param name="Body">What stands before the names of embedding, layers and norm, such as <c>language_model.model.</c>.</param>
/// <param name="Head">What stands before the name of the head, such as <c>language_model.</c>.</param>
internal sealed record TextNames(string Body, string Head);

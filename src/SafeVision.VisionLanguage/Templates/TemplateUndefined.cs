namespace SafeVision.VisionLanguage.Templates;

/// <summary>A value that nobody gave: empty where it is written or looped over, an error where something is asked of it.</summary>
/// <param name="Name">What was asked for.</param>
internal sealed record TemplateUndefined(string Name);

namespace SafeVision.Engines.VisionLanguage;

/// <summary>The words and layout of a protocol's prompts.</summary>
internal sealed class PromptWording;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>Where a text that a model writes ends.</summary>
/// <param name="MaximumTokens">The most tokens, at least 1.</param>
/// <param name="MaximumWords">The most words; the text is cut after this many.</param>
/// <param name="EndsAt">Text that ends it and does not belong to it, such as a closing quotation mark; null for none.</param>
internal sealed record TextLimits(int MaximumTokens, int MaximumWords = int.MaxValue, string? EndsAt = null);

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>Text that is markup already. All other text is encoded where it enters a page.</summary>
internal readonly record struct Markup(string Value);

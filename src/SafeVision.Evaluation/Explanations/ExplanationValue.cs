namespace SafeVision.Evaluation.Explanations;

/// <summary>What one finding of one sample contributes to a metric.</summary>
internal readonly record struct ExplanationValue(string Name, string Category, int Row, double Value);

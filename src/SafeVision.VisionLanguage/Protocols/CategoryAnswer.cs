namespace SafeVision.VisionLanguage.Protocols;

/// <summary>What a model said about one category.</summary>
/// <param name="Score">How likely the category applies, 0 to 1: what thresholds are compared with.</param>
/// <param name="Probability">The share that the model gave the category among all answers it could give, 0 to 1.</param>
internal readonly record struct CategoryAnswer(double Score, double Probability);

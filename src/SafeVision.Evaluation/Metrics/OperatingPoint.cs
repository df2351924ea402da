namespace SafeVision.Evaluation.Metrics;

/// <summary>One threshold and what it does on a set with positives and negatives.</summary>
/// <param name="Threshold">The score from which, inclusive, samples are flagged; +∞ flags nothing.</param>
/// <param name="TruePositiveRate">The share of positives flagged (recall).</param>
/// <param name="FalsePositiveRate">The share of negatives flagged (false alarms).</param>
public readonly record struct OperatingPoint(double Threshold, double TruePositiveRate, double FalsePositiveRate);

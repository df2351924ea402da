namespace SafeVision.Evaluation.Metrics;

/// <summary>The best F1 over all thresholds. It was chosen on the samples it is reported for, so it flatters: never compare it with an F1 at a threshold set in advance.</summary>
/// <param name="F1">2 TP / (2 TP + FP + FN).</param>
/// <param name="Threshold">The lowest score that reaches it.</param>
public readonly record struct F1AtThreshold(double F1, double Threshold);

namespace SafeVision.Evaluation.Metrics;

/// <summary>One class against all others, as the paper's code scores it; see <see cref="LegacyMetrics"/>.</summary>
/// <param name="Auprc">The trapezoid area under the three-point precision–recall curve of hard decisions; null where no sample belongs to the class.</param>
/// <param name="F1">F1; 0 where it is not defined.</param>
/// <param name="TruePositiveRate">Recall; null where no sample belongs to the class.</param>
/// <param name="FalsePositiveRate">The share of the others that was called this class; null without others.</param>
/// <param name="Accuracy">Right answers among all samples, true negatives included: near 1 for every rare class.</param>
public readonly record struct LegacyClassScores(
    double? Auprc, double F1, double? TruePositiveRate, double? FalsePositiveRate, double? Accuracy);

namespace SafeVision.Evaluation.Metrics;

/// <summary>The numbers of the paper's evaluation code, for comparison with its tables only; see <see cref="LegacyMetrics"/>.</summary>
/// <param name="MulticlassAccuracy">The share of samples with exactly the right label; null without samples.</param>
/// <param name="BinaryAccuracy">The share right after merging all labels but the safe one into "unsafe"; null without samples.</param>
/// <param name="FalsePositiveRate">Safe samples called unsafe over safe samples; null without safe samples.</param>
/// <param name="FalsePositiveShare">Safe samples called unsafe over <em>all</em> samples, which the later script calls "fpr"; null without samples.</param>
/// <param name="F1">F1 of "unsafe"; 0 where it is not defined.</param>
/// <param name="HardAuc">What the code calls AUC: the ROC-AUC of hard 0/1 decisions, which is balanced accuracy; null unless both classes occur.</param>
/// <param name="Classes">One entry a class.</param>
public sealed record LegacyScores(
    double? MulticlassAccuracy,
    double? BinaryAccuracy,
    double? FalsePositiveRate,
    double? FalsePositiveShare,
    double F1,
    double? HardAuc,
    IReadOnlyList<LegacyClassScores> Classes);

namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// Precision against recall at every distinct score in rising order, then the end point (precision 1, recall 0), which has no
/// threshold: <see cref="Thresholds"/> is one shorter than the other two. The same points as scikit-learn's.
/// </summary>
/// <param name="Precisions">The share of the flagged that is positive.</param>
/// <param name="Recalls">The share of positives flagged, falling from 1 to 0.</param>
/// <param name="Thresholds">The score from which, inclusive, samples are flagged.</param>
public sealed record PrecisionRecallCurve(
    IReadOnlyList<double> Precisions, IReadOnlyList<double> Recalls, IReadOnlyList<double> Thresholds);

namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// False alarms against hits at every distinct score, from "flag nothing" (threshold +∞) to "flag all", none dropped. The
/// three lists have the same length.
/// </summary>
/// <param name="FalsePositiveRates">The share of negatives flagged, rising from 0 to 1.</param>
/// <param name="TruePositiveRates">The share of positives flagged, rising from 0 to 1.</param>
/// <param name="Thresholds">The score from which, inclusive, samples are flagged, falling from +∞.</param>
public sealed record RocCurve(
    IReadOnlyList<double> FalsePositiveRates, IReadOnlyList<double> TruePositiveRates, IReadOnlyList<double> Thresholds);

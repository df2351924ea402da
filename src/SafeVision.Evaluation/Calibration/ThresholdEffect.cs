using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Calibration;

/// <summary>What a threshold does: measured on some samples, then expected where unsafe images are as rare as in production.</summary>
/// <param name="Threshold">The score from which, inclusive, an image is flagged.</param>
/// <param name="Counts">What it did on the samples.</param>
/// <param name="Prevalence">The share of positives expected in production.</param>
/// <param name="Recall">The share of positives flagged, with its exact interval.</param>
/// <param name="FalseAlarms">The share of negatives flagged, with its exact interval.</param>
/// <param name="Flagged">The share of all images that would be flagged.</param>
/// <param name="Precision">The share of the flagged that would be positive; null where a class is missing or nothing is flagged.</param>
/// <param name="PrecisionAtWorst">The same at the bad ends of the two intervals: what to plan reviewers for. 0 where nothing is known.</param>
public sealed record ThresholdEffect(
    double Threshold,
    BinaryConfusion Counts,
    double Prevalence,
    ConfidenceInterval Recall,
    ConfidenceInterval FalseAlarms,
    double? Flagged,
    double? Precision,
    double PrecisionAtWorst)
{
    /// <summary>Measures a threshold. Use samples that it was not chosen on.</summary>
    /// <param name="truth">Whether each sample is positive (unsafe).</param>
    /// <param name="scores">Each sample's score.</param>
    /// <param name="threshold">The score from which, inclusive, a sample is flagged.</param>
    /// <param name="prevalence">The share of positives expected in production, 0 to 1.</param>
    /// <param name="confidence">Of the intervals, above 0 and below 1; default 0.95.</param>
    /// <exception cref="ArgumentException">The lengths differ, a score is not finite, or a share is not between 0 and 1.</exception>
    public static ThresholdEffect Measure(
        ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores, double threshold, double prevalence, double confidence = 0.95)
    {
        MetricInput.Probability(prevalence, nameof(prevalence));
        BinaryConfusion counts = BinaryMetrics.Confusion(truth, scores, threshold);
        ConfidenceInterval recall = RateInterval.ClopperPearson(counts.TruePositives, counts.Positives, confidence);
        ConfidenceInterval alarms = RateInterval.ClopperPearson(counts.FalsePositives, counts.Negatives, confidence);
        return new(
            threshold,
            counts,
            prevalence,
            recall,
            alarms,
            counts.TruePositiveRate is { } hit && counts.FalsePositiveRate is { } alarm ? BinaryMetrics.FlaggedAtPrevalence(hit, alarm, prevalence) : null,
            counts.PrecisionAtPrevalence(prevalence),
            BinaryMetrics.PrecisionAtPrevalence(recall.Low, alarms.High, prevalence) ?? 0);
    }
}

using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Calibration;

/// <summary>What thresholds shall promise.</summary>
public sealed class TuningOptions
{
    /// <summary>The greatest share of a category's images that may stay below its review threshold, above 0 and below 1. Default: 0.05.</summary>
    public double MaximumMissRate { get; set; } = 0.05;

    /// <summary>
    /// The greatest share of other images that may reach its block threshold, above 0 and below 1; null (the default) leaves
    /// the block threshold alone, or at the review threshold where that is higher.
    /// </summary>
    public double? MaximumFalseBlockRate { get; set; }

    /// <summary>
    /// How sure the promise of each category is, above 0 and below 1; default 0.95. Null: on average only, which needs fewer
    /// images; see <see cref="ConformalThreshold"/>. The promise about blocking always has a confidence, then of 0.95.
    /// </summary>
    public double? Confidence { get; set; } = 0.95;

    /// <summary>
    /// The share of images in production to which a category applies, above 0 and below 1: what precision is expected for.
    /// Default: 0.01.
    /// </summary>
    public double Prevalence { get; set; } = 0.01;

    /// <summary>Which samples thresholds are set on.</summary>
    public CalibrationSource Source { get; set; }

    internal double IntervalConfidence => Confidence ?? 0.95;

    internal void Check()
    {
        MetricInput.OpenShare(MaximumMissRate, nameof(MaximumMissRate));
        MetricInput.OpenShare(MaximumFalseBlockRate ?? 0.5, nameof(MaximumFalseBlockRate));
        MetricInput.OpenShare(Confidence ?? 0.5, nameof(Confidence));
        MetricInput.OpenShare(Prevalence, nameof(Prevalence));
    }
}

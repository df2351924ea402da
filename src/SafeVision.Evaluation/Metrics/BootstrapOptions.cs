namespace SafeVision.Evaluation.Metrics;

/// <summary>How a bootstrap resamples.</summary>
public sealed class BootstrapOptions
{
    /// <summary>How many resamples, 100 to 100,000; default 2,000.</summary>
    public int Resamples { get; init; } = 2_000;

    /// <summary>The share of resamples between the two ends, above 0 and below 1; default 0.95.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>
    /// The group of each sample; each resample then has as many of every group as the sample has. Null (the default) draws
    /// from all. Group by the truth where the numbers of positives and negatives were chosen and not found.
    /// </summary>
    public IReadOnlyList<int>? Strata { get; init; }
}

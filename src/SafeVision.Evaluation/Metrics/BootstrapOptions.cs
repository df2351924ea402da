namespace SafeVision.Evaluation.Metrics;

/// <summary>How a bootstrap resamples.</summary>
public sealed class BootstrapOptions
{
    /// <summary>How many resamples, 100 to 100,000; default 2,000.</summary>
    public int Resamples { get; init; } = 2_000;

    /// <summary>The share of resamples between the two ends, above 0 and below 1; default 0.95.</summary>
    public double Confidence { get; init; } = 0.95;
}

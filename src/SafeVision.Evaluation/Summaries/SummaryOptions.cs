namespace SafeVision.Evaluation.Summaries;

/// <summary>At which points a run is summed up.</summary>
public sealed class SummaryOptions
{
    /// <summary>The recall at which false alarms are counted, above 0 to 1. Default: 0.95.</summary>
    public double Recall { get; set; } = 0.95;

    /// <summary>The false positive rate at which recall is read, 0 to below 1. Default: 0.05.</summary>
    public double FalsePositiveRate { get; set; } = 0.05;

    /// <summary>
    /// The share of harmful images where the guardrail will work, above 0 and below 1: a test set has far more of them, so its
    /// precision is not what a moderator will see. Default: 0.01.
    /// </summary>
    public double Prevalence { get; set; } = 0.01;

    /// <summary>How many resamples an interval rests on, 100 to 100,000. Default: 1,000.</summary>
    public int Resamples { get; set; } = 1_000;

    /// <summary>How many of the worst mistakes are shown, 0 to 200. Default: 24.</summary>
    public int Mistakes { get; set; } = 24;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal void Check()
    {
        Share(Recall is > 0 and <= 1, nameof(Recall), Recall);
        Share(FalsePositiveRate is >= 0 and < 1, nameof(FalsePositiveRate), FalsePositiveRate);
        Share(Prevalence is > 0 and < 1, nameof(Prevalence), Prevalence);
        ArgumentOutOfRangeException.ThrowIfLessThan(Resamples, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Resamples, 100_000);
        ArgumentOutOfRangeException.ThrowIfNegative(Mistakes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Mistakes, 200);
    }

    private static void Share(bool inRange, string name, double value)
    {
        if (!inRange)
        {
            throw new ArgumentOutOfRangeException(name, value, "Out of its range; see the option's documentation.");
        }
    }
}

namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// How often a yes-or-no decision was right and wrong; every rate of a single threshold follows from these four counts.
/// Positive means: the category applies (unsafe).
/// </summary>
/// <param name="TruePositives">Unsafe and flagged.</param>
/// <param name="FalsePositives">Safe and flagged: a false alarm.</param>
/// <param name="TrueNegatives">Safe and passed.</param>
/// <param name="FalseNegatives">Unsafe and passed: a miss.</param>
public readonly record struct BinaryConfusion(long TruePositives, long FalsePositives, long TrueNegatives, long FalseNegatives)
{
    /// <summary>Samples that are truly positive.</summary>
    public long Positives => TruePositives + FalseNegatives;

    /// <summary>Samples that are truly negative.</summary>
    public long Negatives => TrueNegatives + FalsePositives;

    /// <summary>All samples.</summary>
    public long Total => Positives + Negatives;

    /// <summary>The share of right decisions; null without samples.</summary>
    public double? Accuracy => Ratio(TruePositives + TrueNegatives, Total);

    /// <summary>Precision, recall and F1 of the positive class.</summary>
    public PrecisionRecallF1 Positive => PrecisionRecallF1.From(TruePositives, TruePositives + FalsePositives, Positives);

    /// <summary>The share of the positives that was flagged (recall); null without positives.</summary>
    public double? TruePositiveRate => Ratio(TruePositives, Positives);

    /// <summary>The share of the negatives that was flagged (false alarms); null without negatives.</summary>
    public double? FalsePositiveRate => Ratio(FalsePositives, Negatives);

    /// <summary>The share of the negatives that passed; null without negatives.</summary>
    public double? Specificity => Ratio(TrueNegatives, Negatives);

    /// <summary>The mean of recall and specificity; null unless both classes occur.</summary>
    public double? BalancedAccuracy => (TruePositiveRate + Specificity) / 2;

    /// <summary>
    /// Matthews' correlation of truth and decision, −1 to 1; 0 where either of the two is constant, as in scikit-learn;
    /// null without samples.
    /// </summary>
    public double? MatthewsCorrelation
    {
        get
        {
            if (Total == 0)
            {
                return null;
            }

            (long flagged, long passed) = (TruePositives + FalsePositives, TrueNegatives + FalseNegatives);
            double covariance = ((double)(TruePositives + TrueNegatives) * Total) - ((double)Negatives * passed) - ((double)Positives * flagged);
            double truthSpread = ((double)Total * Total) - ((double)Negatives * Negatives) - ((double)Positives * Positives);
            double flaggedSpread = ((double)Total * Total) - ((double)passed * passed) - ((double)flagged * flagged);
            return truthSpread > 0 && flaggedSpread > 0 ? covariance / Math.Sqrt(truthSpread) / Math.Sqrt(flaggedSpread) : 0;
        }
    }

    /// <summary>Cohen's kappa; null where chance alone would explain every agreement (all samples in one cell).</summary>
    public double? Kappa
    {
        get
        {
            double chance = ((double)Negatives * (TruePositives + FalsePositives)) + ((double)Positives * (TrueNegatives + FalseNegatives));
            return chance == 0 ? null : 1 - ((double)(FalsePositives + FalseNegatives) * Total / chance);
        }
    }

    /// <summary>
    /// What precision would be where the share <paramref name="prevalence"/> of all images is positive; null where a class
    /// is missing or nothing would be flagged. See <see cref="BinaryMetrics.PrecisionAtPrevalence"/>.
    /// </summary>
    public double? PrecisionAtPrevalence(double prevalence) =>
        TruePositiveRate is { } hits && FalsePositiveRate is { } alarms ? BinaryMetrics.PrecisionAtPrevalence(hits, alarms, prevalence) : null;

    private static double? Ratio(long part, long whole) => whole == 0 ? null : (double)part / whole;
}

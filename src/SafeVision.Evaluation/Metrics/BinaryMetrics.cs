namespace SafeVision.Evaluation.Metrics;

/// <summary>Metrics of a yes-or-no decision: <c>truth</c> says whether each sample is positive (unsafe), <c>predicted</c> whether it
/// was flagged. Those of a score, at all thresholds at once, are <see cref="RankingMetrics"/>.</summary>
internal static class BinaryMetrics
{
    /// <summary>Counts decisions against the truth.</summary>
    /// <param name="counts">How often each sample counts, as a bootstrap draws them; empty means once each.</param>
    public static BinaryConfusion Confusion(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted, ReadOnlySpan<int> counts = default)
    {
        MetricInput.SameLength(truth.Length, predicted.Length, nameof(predicted));
        MetricInput.SameLength(truth.Length, counts.IsEmpty ? truth.Length : counts.Length, nameof(counts));
        Span<long> cells = stackalloc long[4]; // [truth, predicted]
        cells.Clear();
        for (int i = 0; i < truth.Length; i++)
        {
            cells[(truth[i] ? 2 : 0) + (predicted[i] ? 1 : 0)] += counts.IsEmpty ? 1 : counts[i];
        }

        return new(cells[3], cells[1], cells[0], cells[2]);
    }

    /// <summary>Counts the decisions that a threshold makes; a score at the threshold is flagged, as a policy does.</summary>
    public static BinaryConfusion Confusion(ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores, double threshold)
    {
        MetricInput.SameLength(truth.Length, scores.Length, nameof(scores));
        MetricInput.Finite(scores, nameof(scores));
        var flagged = new bool[scores.Length];
        for (int i = 0; i < flagged.Length; i++)
        {
            flagged[i] = scores[i] >= threshold;
        }

        return Confusion(truth, flagged);
    }

    /// <summary>Precision where the share <paramref name="prevalence"/> of all images is positive, by Bayes' rule: π TPR / (π TPR +
    /// (1 − π) FPR). A test set is mostly half unsafe, a shop's uploads are one in a thousand; the same guardrail has a very
    /// different precision in the two.</summary>
    /// <param name="truePositiveRate">The share of positives that is flagged, 0 to 1.</param>
    /// <param name="falsePositiveRate">The share of negatives that is flagged, 0 to 1.</param>
    /// <param name="prevalence">The share of positives among all images, 0 to 1.</param>
    /// <returns>0 to 1; null when nothing is ever flagged.</returns>
    public static double? PrecisionAtPrevalence(double truePositiveRate, double falsePositiveRate, double prevalence)
    {
        MetricInput.Probability(truePositiveRate, nameof(truePositiveRate));
        MetricInput.Probability(falsePositiveRate, nameof(falsePositiveRate));
        double flagged = FlaggedAtPrevalence(truePositiveRate, falsePositiveRate, prevalence);
        return flagged > 0 ? prevalence * truePositiveRate / flagged : null;
    }

    /// <summary>The share of all images that is flagged at a prevalence: what the reviewers will have to look at.</summary>
    /// <inheritdoc cref="PrecisionAtPrevalence" path="/param"/>
    public static double FlaggedAtPrevalence(double truePositiveRate, double falsePositiveRate, double prevalence)
    {
        MetricInput.Probability(prevalence, nameof(prevalence));
        return (prevalence * truePositiveRate) + ((1 - prevalence) * falsePositiveRate);
    }
}

/// <summary>How often a yes-or-no decision was right and wrong; every rate of a single threshold follows from these four counts.
/// Positive means: the category applies (unsafe).</summary>
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
    internal PrecisionRecallF1 Positive => PrecisionRecallF1.From(TruePositives, TruePositives + FalsePositives, Positives);

    /// <summary>The share of the positives that was flagged (recall); null without positives.</summary>
    public double? TruePositiveRate => Ratio(TruePositives, Positives);

    /// <summary>The share of the negatives that was flagged (false alarms); null without negatives.</summary>
    public double? FalsePositiveRate => Ratio(FalsePositives, Negatives);

    /// <summary>The share of the negatives that passed; null without negatives.</summary>
    public double? Specificity => Ratio(TrueNegatives, Negatives);

    /// <summary>The mean of recall and specificity; null unless both classes occur.</summary>
    public double? BalancedAccuracy => (TruePositiveRate + Specificity) / 2;

    /// <summary>Matthews' correlation of truth and decision, −1 to 1; 0 where either of the two is constant, as in scikit-learn; null without samples.</summary>
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

    /// <summary>What precision would be where the share <paramref name="prevalence"/> of all images is positive; null where a class
    /// is missing or nothing would be flagged. See <see cref="BinaryMetrics.PrecisionAtPrevalence"/>.</summary>
    public double? PrecisionAtPrevalence(double prevalence) =>
        TruePositiveRate is { } hits && FalsePositiveRate is { } alarms ? BinaryMetrics.PrecisionAtPrevalence(hits, alarms, prevalence) : null;

    private static double? Ratio(long part, long whole) => whole == 0 ? null : (double)part / whole;
}

/// <summary>Precision, recall and their harmonic mean, each 0 to 1.</summary>
/// <remarks>Where a denominator is 0 the value is 0, as in scikit-learn with <c>zero_division=0</c>: a class that is never
/// predicted has precision 0, one that never occurs has recall 0. Look at <see cref="Support"/> before reading such a
/// zero.</remarks>
/// <param name="Precision">The share of what was flagged that deserved it.</param>
/// <param name="Recall">The share of what deserved it that was flagged.</param>
/// <param name="F1">2 TP / (2 TP + FP + FN).</param>
/// <param name="Support">How many samples truly belong to the class, or to the classes averaged over.</param>
internal readonly record struct PrecisionRecallF1(double Precision, double Recall, double F1, long Support)
{
    internal static PrecisionRecallF1 From(long hits, long predicted, long actual) =>
        new(Ratio(hits, predicted), Ratio(hits, actual), Ratio(2 * hits, predicted + actual), actual);

    private static double Ratio(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}

/// <summary>Precision, recall and F1 of several classes and their averages, as scikit-learn averages them.</summary>
/// <param name="Macro">The plain mean over the classes: a rare class counts as much as a common one, and one without samples counts as 0.</param>
/// <param name="Micro">From the summed counts: a common class dominates.</param>
/// <param name="Weighted">The mean weighted by each class's support.</param>
internal sealed record AveragedScores(
    IReadOnlyList<PrecisionRecallF1> PerClass, PrecisionRecallF1 Macro, PrecisionRecallF1 Micro, PrecisionRecallF1 Weighted)
{
    internal static AveragedScores From((long Hits, long Predicted, long Actual)[] classes)
    {
        PrecisionRecallF1[] scores = [.. classes.Select(one => PrecisionRecallF1.From(one.Hits, one.Predicted, one.Actual))];
        return new(
            scores,
            Mean(scores, _ => 1),
            PrecisionRecallF1.From(classes.Sum(one => one.Hits), classes.Sum(one => one.Predicted), classes.Sum(one => one.Actual)),
            Mean(scores, score => score.Support));
    }

    private static PrecisionRecallF1 Mean(PrecisionRecallF1[] scores, Func<PrecisionRecallF1, double> weightOf)
    {
        double precision = 0, recall = 0, f1 = 0, weights = 0;
        foreach (PrecisionRecallF1 score in scores)
        {
            double weight = weightOf(score);
            precision += weight * score.Precision;
            recall += weight * score.Recall;
            f1 += weight * score.F1;
            weights += weight;
        }

        long support = scores.Sum(score => score.Support);
        return weights == 0 ? new(0, 0, 0, support) : new(precision / weights, recall / weights, f1 / weights, support);
    }
}

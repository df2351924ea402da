namespace SafeVision.Evaluation.Metrics;

/// <summary>Metrics of a yes-or-no decision. Those of a score, at all thresholds at once, are <see cref="RankingMetrics"/>.</summary>
public static class BinaryMetrics
{
    /// <summary>Counts decisions against the truth.</summary>
    /// <param name="truth">Whether each sample is positive (unsafe).</param>
    /// <param name="predicted">Whether each sample was flagged.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static BinaryConfusion Confusion(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted) =>
        Confusion(truth, predicted, []);

    /// <summary>The same with each sample taken several times, as a bootstrap draws them.</summary>
    /// <param name="truth">Whether each sample is positive (unsafe).</param>
    /// <param name="predicted">Whether each sample was flagged.</param>
    /// <param name="counts">How often each sample counts; empty means once each.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static BinaryConfusion Confusion(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted, ReadOnlySpan<int> counts)
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
    /// <param name="truth">Whether each sample is positive (unsafe).</param>
    /// <param name="scores">Each sample's score; higher is more likely positive.</param>
    /// <param name="threshold">The score from which, inclusive, a sample is flagged.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a score is not finite.</exception>
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

    /// <summary>
    /// Precision where the share <paramref name="prevalence"/> of all images is positive, by Bayes' rule:
    /// π TPR / (π TPR + (1 − π) FPR). A test set is mostly half unsafe, a shop's uploads are one in a thousand; the same
    /// guardrail has a very different precision in the two.
    /// </summary>
    /// <param name="truePositiveRate">The share of positives that is flagged, 0 to 1.</param>
    /// <param name="falsePositiveRate">The share of negatives that is flagged, 0 to 1.</param>
    /// <param name="prevalence">The share of positives among all images, 0 to 1.</param>
    /// <returns>0 to 1; null when nothing is ever flagged.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A rate is not between 0 and 1.</exception>
    public static double? PrecisionAtPrevalence(double truePositiveRate, double falsePositiveRate, double prevalence)
    {
        MetricInput.Probability(truePositiveRate, nameof(truePositiveRate));
        MetricInput.Probability(falsePositiveRate, nameof(falsePositiveRate));
        double flagged = FlaggedAtPrevalence(truePositiveRate, falsePositiveRate, prevalence);
        return flagged > 0 ? prevalence * truePositiveRate / flagged : null;
    }

    /// <summary>The share of all images that is flagged at a prevalence: what the reviewers will have to look at.</summary>
    /// <inheritdoc cref="PrecisionAtPrevalence" path="/param"/>
    /// <exception cref="ArgumentOutOfRangeException">The prevalence is not between 0 and 1.</exception>
    public static double FlaggedAtPrevalence(double truePositiveRate, double falsePositiveRate, double prevalence)
    {
        MetricInput.Probability(prevalence, nameof(prevalence));
        return (prevalence * truePositiveRate) + ((1 - prevalence) * falsePositiveRate);
    }
}

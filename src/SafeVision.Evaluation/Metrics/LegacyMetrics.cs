namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// Metrics as the published code of the paper (arXiv 2510.23960) computes them, so that its tables can be compared with. They
/// are not what their names say; use the other classes of this namespace for everything else. Unlike that code, which pairs
/// some columns by position, samples are paired one to one.
/// </summary>
public static class LegacyMetrics
{
    /// <summary>Scores single labels; label 0 is "safe", all others "unsafe".</summary>
    /// <param name="truth">Each sample's label.</param>
    /// <param name="predicted">Each sample's predicted label. The code drops samples without a readable answer: to follow it, leave them out.</param>
    /// <param name="classes">The number of labels, 2 or more.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a label is no class.</exception>
    public static LegacyScores Score(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        double? accuracy = MulticlassMetrics.Confusion(truth, predicted, classes).Accuracy;
        BinaryConfusion unsafeSamples = BinaryMetrics.Confusion(Where(truth, label => label != 0), Where(predicted, label => label != 0));
        var scores = new LegacyClassScores[classes];
        for (int i = 0; i < classes; i++)
        {
            scores[i] = OneClass(Where(truth, label => label == i), Where(predicted, label => label == i));
        }

        return new(
            accuracy,
            unsafeSamples.Accuracy,
            unsafeSamples.FalsePositiveRate,
            unsafeSamples.Total == 0 ? null : (double)unsafeSamples.FalsePositives / unsafeSamples.Total,
            unsafeSamples.Positive.F1,
            unsafeSamples.BalancedAccuracy,
            scores);
    }

    /// <summary>
    /// The multi-label "accuracy" of the in-context evaluation: the mean over samples of the share of true categories that
    /// was flagged, and 1 or 0 for a sample without categories that got none or some. It is recall: whoever flags everything
    /// scores 1 on unsafe samples. Null without samples.
    /// </summary>
    /// <param name="truth">[samples, categories]: whether the category truly applies.</param>
    /// <param name="predicted">[samples, categories]: whether it was flagged.</param>
    /// <param name="categories">The number of categories.</param>
    /// <exception cref="ArgumentException">The tables differ in size, or have no whole number of rows.</exception>
    public static double? MultilabelAccuracy(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted, int categories)
    {
        MetricInput.SameLength(truth.Length, predicted.Length, nameof(predicted));
        int samples = MetricInput.Rows(truth.Length, categories, nameof(truth));
        double sum = 0;
        for (int i = 0; i < samples; i++)
        {
            int actual = 0, shared = 0, flagged = 0;
            for (int cell = i * categories; cell < (i + 1) * categories; cell++)
            {
                actual += truth[cell] ? 1 : 0;
                flagged += predicted[cell] ? 1 : 0;
                shared += truth[cell] & predicted[cell] ? 1 : 0;
            }

            sum += actual > 0 ? (double)shared / actual : flagged == 0 ? 1 : 0;
        }

        return samples == 0 ? null : sum / samples;
    }

    private static LegacyClassScores OneClass(bool[] truth, bool[] predicted)
    {
        BinaryConfusion counts = BinaryMetrics.Confusion(truth, predicted);
        return new(
            RankingMetrics.PrecisionRecallAuc(truth, [.. predicted.Select(flagged => flagged ? 1.0 : 0.0)]),
            counts.Positive.F1,
            counts.TruePositiveRate,
            counts.FalsePositiveRate,
            counts.Accuracy);
    }

    private static bool[] Where(ReadOnlySpan<int> labels, Func<int, bool> condition)
    {
        var holds = new bool[labels.Length];
        for (int i = 0; i < holds.Length; i++)
        {
            holds[i] = condition(labels[i]);
        }

        return holds;
    }
}

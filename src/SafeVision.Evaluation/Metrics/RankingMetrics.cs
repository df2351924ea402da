namespace SafeVision.Evaluation.Metrics;

/// <summary>Metrics of a score over all thresholds. Equal to scikit-learn; where it warns and returns a number for an undefined value, this returns null.</summary>
internal static class RankingMetrics
{
    /// <summary>The precision–recall curve; null without positives.</summary>
    /// <inheritdoc cref="RankedSamples.From" path="/param"/>
    public static PrecisionRecallCurve? PrecisionRecallCurve(ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores)
    {
        var steps = RankedSamples.From(truth, scores).Steps();
        if (steps.Count == 0 || steps[^1].Hits == 0)
        {
            return null;
        }

        double positives = steps[^1].Hits;
        var rising = steps.Reverse().ToArray();
        return new(
            [.. rising.Select(step => (double)step.Hits / (step.Hits + step.Alarms)), 1],
            [.. rising.Select(step => step.Hits / positives), 0],
            [.. rising.Select(step => step.Threshold)]);
    }

    /// <summary>The ROC curve; null unless both classes occur.</summary>
    /// <inheritdoc cref="RankedSamples.From" path="/param"/>
    public static RocCurve? RocCurve(ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores)
    {
        if (Points(truth, scores) is not { } points)
        {
            return null;
        }

        return new([.. points.Select(point => point.FalsePositiveRate)], [.. points.Select(point => point.TruePositiveRate)], [.. points.Select(point => point.Threshold)]);
    }

    /// <summary>What a recall costs: the highest threshold whose recall is at least <paramref name="recall"/>, with its false
    /// alarms; null unless both classes occur.</summary>
    /// <param name="recall">The least recall, 0 to 1.</param>
    public static OperatingPoint? AtRecall(ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores, double recall)
    {
        MetricInput.Probability(recall, nameof(recall));
        return Points(truth, scores)?.First(point => point.TruePositiveRate >= recall);
    }

    /// <summary>What an allowance of false alarms buys: the highest threshold with the greatest recall whose false-positive rate is
    /// at most <paramref name="falsePositiveRate"/>; null unless both classes occur.</summary>
    /// <param name="falsePositiveRate">The greatest share of negatives that may be flagged, 0 to 1.</param>
    public static OperatingPoint? AtFalsePositiveRate(ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores, double falsePositiveRate)
    {
        MetricInput.Probability(falsePositiveRate, nameof(falsePositiveRate));
        return Points(truth, scores)?.Where(point => point.FalsePositiveRate <= falsePositiveRate).MaxBy(point => point.TruePositiveRate);
    }

    /// <summary>The best F1 that any of the scores reaches as a threshold; null without samples.</summary>
    /// <inheritdoc cref="RankedSamples.From" path="/param"/>
    public static F1AtThreshold? BestF1(ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores)
    {
        var steps = RankedSamples.From(truth, scores).Steps();
        F1AtThreshold? best = null;
        foreach ((double threshold, long hits, long alarms) in steps)
        {
            double f1 = PrecisionRecallF1.From(hits, hits + alarms, steps[^1].Hits).F1;
            best = best is { } known && known.F1 > f1 ? best : new(f1, threshold);
        }

        return best;
    }

    private static OperatingPoint[]? Points(ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores)
    {
        var steps = RankedSamples.From(truth, scores).Steps();
        if (steps.Count == 0 || steps[^1].Hits == 0 || steps[^1].Alarms == 0)
        {
            return null;
        }

        var (_, positives, negatives) = steps[^1];
        return
        [
            new(double.PositiveInfinity, 0, 0),
            .. steps.Select(step => new OperatingPoint(step.Threshold, (double)step.Hits / positives, (double)step.Alarms / negatives)),
        ];
    }
}

/// <summary>False alarms against hits at every distinct score, from "flag nothing" (threshold +∞) to "flag all", none dropped. The
/// three lists have the same length.</summary>
/// <param name="FalsePositiveRates">The share of negatives flagged, rising from 0 to 1.</param>
/// <param name="TruePositiveRates">The share of positives flagged, rising from 0 to 1.</param>
/// <param name="Thresholds">The score from which, inclusive, samples are flagged, falling from +∞.</param>
internal sealed record RocCurve(
    IReadOnlyList<double> FalsePositiveRates, IReadOnlyList<double> TruePositiveRates, IReadOnlyList<double> Thresholds);

/// <summary>Precision against recall at every distinct score in rising order, then the end point (precision 1, recall 0), which has
/// no threshold: <see cref="Thresholds"/> is one shorter than the other two. The same points as scikit-learn's.</summary>
/// <param name="Precisions">The share of the flagged that is positive.</param>
/// <param name="Recalls">The share of positives flagged, falling from 1 to 0.</param>
/// <param name="Thresholds">The score from which, inclusive, samples are flagged.</param>
internal sealed record PrecisionRecallCurve(
    IReadOnlyList<double> Precisions, IReadOnlyList<double> Recalls, IReadOnlyList<double> Thresholds);

/// <summary>One threshold and what it does on a set with positives and negatives.</summary>
/// <param name="Threshold">The score from which, inclusive, samples are flagged; +∞ flags nothing.</param>
/// <param name="TruePositiveRate">The share of positives flagged (recall).</param>
/// <param name="FalsePositiveRate">The share of negatives flagged (false alarms).</param>
internal readonly record struct OperatingPoint(double Threshold, double TruePositiveRate, double FalsePositiveRate);

/// <summary>The best F1 over all thresholds. It was chosen on the samples it is reported for, so it flatters: never compare it with an F1 at a threshold set in advance.</summary>
/// <param name="F1">2 TP / (2 TP + FP + FN).</param>
/// <param name="Threshold">The lowest score that reaches it.</param>
internal readonly record struct F1AtThreshold(double F1, double Threshold);

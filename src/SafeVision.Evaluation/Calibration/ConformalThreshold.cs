namespace SafeVision.Evaluation.Calibration;

/// <summary>Thresholds that hold a promise whatever the score means: no assumption on the model, only that calibration samples and
/// later images are drawn alike and independently.</summary>
/// <remarks>
/// <para>On average (no confidence given): split conformal prediction (Angelopoulos and Bates 2021, arXiv 2107.07511). The
/// k-th lowest of n positive scores, k = ⌊rate · (n + 1)⌋, is missed by a new positive with probability at most
/// k / (n + 1). That averages over calibration sets too: about half of all such sets give a threshold that misses more.</para>
/// <para>With confidence: risk-controlling prediction sets (Bates et al. 2021, arXiv 2101.02703) with the exact binomial
/// bound (Clopper and Pearson 1934). The largest k is taken for which k − 1 misses of n bound the miss rate by the promised
/// one. Of all calibration sets, at most 1 − confidence give a threshold that misses more.</para>
/// <para>Ties only make both safer.</para>
/// </remarks>
internal static class ConformalThreshold
{
    /// <summary>The highest threshold that misses at most a share of the positives.</summary>
    /// <param name="positiveScores">The scores of the positives of the calibration split, finite, in any order.</param>
    /// <param name="maximumRate">The greatest share of positives below the threshold, above 0 and below 1.</param>
    /// <param name="confidence">In this very threshold, above 0 and below 1; null: on average over calibration sets.</param>
    public static GuaranteedThreshold ForMisses(ReadOnlySpan<double> positiveScores, double maximumRate, double? confidence = null) =>
        Lowest(Sorted(positiveScores, 1), maximumRate, confidence);

    /// <summary>The lowest threshold that flags at most a share of the negatives, with a confidence in this very threshold.</summary>
    /// <param name="negativeScores">The scores of the negatives of the calibration split, finite, in any order.</param>
    /// <param name="maximumRate">The greatest share of negatives at or above the threshold, above 0 and below 1.</param>
    /// <param name="confidence">Above 0 and below 1.</param>
    public static GuaranteedThreshold ForFalseAlarms(ReadOnlySpan<double> negativeScores, double maximumRate, double confidence)
    {
        // The same with the scores turned round; a negative at the turned threshold must pass, so it is the next number above.
        GuaranteedThreshold turned = Lowest(Sorted(negativeScores, -1), maximumRate, confidence);
        return turned with { Threshold = turned.Threshold is { } threshold ? Math.BitIncrement(0 - threshold) : null };
    }

    private static GuaranteedThreshold Lowest(double[] sorted, double rate, double? confidence)
    {
        MetricInput.OpenShare(rate, nameof(rate));
        int rank = confidence is { } sure ? RankWithConfidence(sorted.Length, rate, sure) : RankOnAverage(sorted.Length, rate);
        int needed = confidence is { } level ? NeededWithConfidence(rate, level) : NeededOnAverage(rate);
        if (rank == 0)
        {
            return new(null, rate, confidence, sorted.Length, 0, needed);
        }

        double threshold = sorted[rank - 1];
        return new(threshold, rate, confidence, sorted.Length, sorted.Count(score => score < threshold), needed);
    }

    // In decimal: 0.29 of 100 are 29, and not 28.999999999999996.
    private static int RankOnAverage(int samples, double rate) => Math.Min(samples, (int)decimal.Floor((decimal)rate * (samples + 1)));

    private static int NeededOnAverage(double rate) =>
        rate < 1e-9 ? int.MaxValue : (int)decimal.Ceiling(1 / (decimal)rate) - 1;

    private static int RankWithConfidence(int samples, double rate, double confidence)
    {
        MetricInput.OpenShare(confidence, nameof(confidence));
        int possible = 0, impossible = samples + 1;
        while (impossible - possible > 1)
        {
            int rank = possible + ((impossible - possible) / 2);
            (possible, impossible) = Binomial.AtMost(rank - 1, samples, rate) <= 1 - confidence ? (rank, impossible) : (possible, rank);
        }

        return possible;
    }

    // Even the lowest score may lie above the promised share: with probability (1 − rate)^n.
    private static int NeededWithConfidence(double rate, double confidence)
    {
        double samples = Math.Log(1 - confidence) / Math.Log(1 - rate);
        if (!(samples < int.MaxValue - 2))
        {
            return int.MaxValue;
        }

        // The quotient may round to either side of a whole number; the rule itself decides.
        int needed = Math.Max(1, (int)samples - 1);
        while (Binomial.AtMost(0, needed, rate) > 1 - confidence)
        {
            needed++;
        }

        return needed;
    }

    private static double[] Sorted(ReadOnlySpan<double> scores, int sign)
    {
        MetricInput.Finite(scores, nameof(scores));
        var sorted = new double[scores.Length];
        for (int i = 0; i < sorted.Length; i++)
        {
            sorted[i] = sign * scores[i];
        }

        Array.Sort(sorted);
        return sorted;
    }
}

/// <summary>A threshold with a guarantee on how often it errs, or the finding that so few samples allow none.</summary>
/// <remarks>The guarantee is for images that are drawn as the calibration samples were, and ends where production shows others.</remarks>
/// <param name="Threshold">The score from which, inclusive, an image is flagged; null where no threshold can be guaranteed.</param>
/// <param name="MaximumRate">How often the threshold may err.</param>
/// <param name="Confidence">How sure it is that the threshold at hand errs no more than that; null for the weaker
/// guarantee on average, see <see cref="ConformalThreshold"/>.</param>
/// <param name="Samples">How many samples it rests on: positives for misses, negatives for false alarms.</param>
/// <param name="Errors">On how many of them it errs; 0 where there is no threshold.</param>
/// <param name="SamplesNeeded">With how many samples, at the least, some threshold can be guaranteed.</param>
public sealed record GuaranteedThreshold(
    double? Threshold, double MaximumRate, double? Confidence, int Samples, int Errors, int SamplesNeeded)
{
    /// <summary>Whether there is a threshold.</summary>
    public bool IsPossible => Threshold is not null;
}

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
    /// <param name="prevalence">The share of positives expected in production, 0 to 1.</param>
    /// <param name="confidence">Of the intervals, above 0 and below 1; default 0.95.</param>
    internal static ThresholdEffect Measure(
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

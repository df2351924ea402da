namespace SafeVision.Evaluation.Metrics;

/// <summary>Labelled samples sorted once by falling score, so that every ranking metric, and each of the thousands of resamples of
/// a bootstrap, is one pass over them. Immutable and thread-safe.</summary>
internal sealed class RankedSamples
{
    private readonly int[] _order;      // sample at each rank
    private readonly bool[] _positive;  // by rank
    private readonly double[] _score;   // by rank, falling

    private RankedSamples(int[] order, bool[] positive, double[] score) => (_order, _positive, _score) = (order, positive, score);

    /// <summary>Sorts the samples.</summary>
    /// <param name="truth">Whether each sample is positive (unsafe).</param>
    /// <param name="scores">Each sample's score; higher is more likely positive.</param>
    public static RankedSamples From(ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores)
    {
        MetricInput.SameLength(truth.Length, scores.Length, nameof(scores));
        MetricInput.Finite(scores, nameof(scores));
        var (order, positive, score) = (new int[scores.Length], new bool[scores.Length], new double[scores.Length]);
        for (int i = 0; i < order.Length; i++)
        {
            // 0 + score: −0 and 0 are one score and must not be told apart by the sort.
            (order[i], score[i]) = (i, 0 - (0 + scores[i]));
        }

        Array.Sort(score, order);
        for (int rank = 0; rank < order.Length; rank++)
        {
            (positive[rank], score[rank]) = (truth[order[rank]], scores[order[rank]]);
        }

        return new(order, positive, score);
    }

    /// <summary>The area under the ROC curve: how often a random positive scores above a random negative, ties counting half; null unless both occur.</summary>
    /// <param name="counts">How often each sample counts, in the order given to <see cref="From"/>, as a bootstrap draws them; empty means once each.</param>
    public double? RocAuc(ReadOnlySpan<int> counts)
    {
        Expect(counts);
        long hits = 0, alarms = 0, twiceArea = 0;
        for (int rank = 0; rank < _order.Length;)
        {
            (long newHits, long newAlarms) = NextGroup(ref rank, counts);
            twiceArea += newAlarms * ((2 * hits) + newHits);
            hits += newHits;
            alarms += newAlarms;
        }

        return hits > 0 && alarms > 0 ? twiceArea / 2.0 / hits / alarms : null;
    }

    /// <summary>Average precision: precision at every threshold, weighted by the recall it adds (no interpolation); null without positives.</summary>
    /// <param name="counts">How often each sample counts, in the order given to <see cref="From"/>; empty means once each.</param>
    public double? AveragePrecision(ReadOnlySpan<int> counts)
    {
        Expect(counts);
        long hits = 0, alarms = 0;
        double sum = 0;
        for (int rank = 0; rank < _order.Length;)
        {
            (long newHits, long newAlarms) = NextGroup(ref rank, counts);
            hits += newHits;
            alarms += newAlarms;
            sum += newHits == 0 ? 0 : newHits * ((double)hits / (hits + alarms));
        }

        return hits > 0 ? sum / hits : null;
    }

    /// <summary>The counts at every distinct score as a threshold, from the highest to the lowest.</summary>
    internal IReadOnlyList<(double Threshold, long Hits, long Alarms)> Steps()
    {
        List<(double, long, long)> steps = [];
        long hits = 0, alarms = 0;
        for (int rank = 0; rank < _order.Length;)
        {
            double threshold = _score[rank];
            (long newHits, long newAlarms) = NextGroup(ref rank, []);
            hits += newHits;
            alarms += newAlarms;
            steps.Add((threshold, hits, alarms));
        }

        return steps;
    }

    // Samples with the same score pass a threshold together.
    private (long Hits, long Alarms) NextGroup(ref int rank, ReadOnlySpan<int> counts)
    {
        double score = _score[rank];
        long hits = 0, all = 0;
        do
        {
            int count = counts.IsEmpty ? 1 : counts[_order[rank]];
            all += count;
            hits += _positive[rank] ? count : 0;
            rank++;
        }
        while (rank < _score.Length && _score[rank] == score);

        return (hits, all - hits);
    }

    private void Expect(ReadOnlySpan<int> counts)
    {
        if (!counts.IsEmpty)
        {
            MetricInput.SameLength(_order.Length, counts.Length, nameof(counts));
        }
    }
}

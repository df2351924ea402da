using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Summaries;

/// <summary>
/// Percentile bootstrap intervals of many numbers of one run: each resample is drawn once and given to all, so that they move
/// together, and resamples are spread over the cores. Resample i is drawn from seed and i alone, so the number of cores plays no
/// part.
/// </summary>
internal static class StatisticIntervals
{
    /// <summary>The lower and upper end for each statistic; NaN where fewer than half of the resamples defined it.</summary>
    /// <param name="samples">The number of samples, 1 or more.</param>
    /// <param name="statistics">The numbers; called from several threads at once.</param>
    /// <param name="resamples">How many resamples.</param>
    /// <param name="confidence">The share of resamples between the ends.</param>
    /// <param name="seed">Draws the samples.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static (double Lower, double Upper)[] Compute(
        int samples, IReadOnlyList<ResampledStatistic> statistics, int resamples, double confidence, long seed, CancellationToken cancellationToken)
    {
        var values = new double[statistics.Count][];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = new double[resamples];
        }

        var parallel = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, resamples, parallel, () => new int[samples], (resample, _, counts) =>
        {
            var random = new SeededRandom(unchecked(((ulong)seed * 0x9E3779B97F4A7C15) + (ulong)resample));
            Array.Clear(counts);
            for (int draw = 0; draw < samples; draw++)
            {
                counts[random.Next(samples)]++;
            }

            for (int i = 0; i < values.Length; i++)
            {
                values[i][resample] = statistics[i](counts) ?? double.NaN;
            }

            return counts;
        }, _ => { });

        return [.. values.Select(drawn => Ends(drawn, confidence))];
    }

    private static (double Lower, double Upper) Ends(double[] drawn, double confidence)
    {
        double[] defined = [.. drawn.Where(value => !double.IsNaN(value)).Order()];
        return 2 * defined.Length < drawn.Length
            ? (double.NaN, double.NaN)
            : (Quantile.OfSorted(defined, (1 - confidence) / 2), Quantile.OfSorted(defined, (1 + confidence) / 2));
    }
}

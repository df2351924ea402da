namespace SafeVision.Evaluation.Metrics;

/// <summary>Percentile bootstrap intervals (Efron 1979). They say what chance in the choice of the samples does to a number; they
/// know nothing of samples that are wrong, or of another kind than what comes in production.</summary>
/// <remarks>Each resample is drawn once and given to all numbers of a run, so that they move together, and resamples are spread
/// over the cores. Resample i is drawn from seed and i alone, so that every machine gives the same intervals.</remarks>
internal static class Bootstrap
{
    public const double Confidence = 0.95; // the share of resamples between the two ends

    /// <summary>The lower and upper end for each statistic; null where fewer than half of the resamples defined it.</summary>
    /// <param name="samples">The number of samples.</param>
    /// <param name="statistics">The numbers; called from several threads at once.</param>
    /// <param name="seed">Draws the samples.</param>
    public static (double? Lower, double? Upper)[] Intervals(
        int samples, IReadOnlyList<ResampledStatistic> statistics, int resamples, long seed, CancellationToken cancellationToken = default)
    {
        double[][] values = [.. statistics.Select(_ => new double[resamples])];
        var parallel = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, resamples, parallel, () => new int[samples], (resample, _, counts) =>
        {
            var random = new SeededRandom(unchecked(((ulong)seed * SplitMix64.Increment) + (ulong)resample));
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

        return [.. values.Select(Ends)];
    }

    /// <summary>The mean of one value a sample, such as 1 for right and 0 for wrong, as a statistic to resample.</summary>
    public static ResampledStatistic Mean(IEnumerable<double> values) => MeanOf([.. values.Select((value, sample) => (sample, value))]);

    /// <summary>The mean of values of which a sample has none, one or several, as a statistic to resample; samples are drawn, not values.</summary>
    public static ResampledStatistic MeanOf(IReadOnlyList<(int Sample, double Value)> values) => counts =>
    {
        (double sum, long drawn) = (0, 0);
        foreach ((int sample, double value) in values)
        {
            sum += counts[sample] * value;
            drawn += counts[sample];
        }

        return drawn == 0 ? null : sum / drawn;
    };

    private static (double? Lower, double? Upper) Ends(double[] drawn)
    {
        double[] defined = [.. drawn.Where(value => !double.IsNaN(value)).Order()];
        return 2 * defined.Length < drawn.Length
            ? (null, null)
            : (Quantile.OfSorted(defined, (1 - Confidence) / 2), Quantile.OfSorted(defined, (1 + Confidence) / 2));
    }
}

/// <summary>A number computed from samples, each of which counts as often as a resample drew it. Null where it is not defined, as a
/// ROC-AUC is for a resample without positives.</summary>
/// <param name="counts">How often each sample counts.</param>
internal delegate double? ResampledStatistic(ReadOnlySpan<int> counts);

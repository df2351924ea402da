namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// Percentile bootstrap intervals (Efron 1979). They say what chance in the choice of the samples does to a number; they know
/// nothing of samples that are wrong, or of another kind than what comes in production.
/// </summary>
/// <remarks>
/// The same generator in the same state gives the same interval; with <see cref="SeededRandom"/>, on every machine.
/// </remarks>
internal static class Bootstrap
{
    /// <summary>The interval of one number.</summary>
    /// <param name="samples">The number of samples, 1 or more.</param>
    /// <param name="statistic">The number, such as <c>RankedSamples.RocAuc</c>. It is called once for each resample, one after the other.</param>
    /// <param name="random">Draws the samples.</param>
    /// <param name="options">How to resample; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static BootstrapInterval Interval(int samples, ResampledStatistic statistic, Random random, BootstrapOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        options ??= new();
        Check(options);

        var (counts, values) = (new int[samples], new double[options.Resamples]);
        Array.Fill(counts, 1);
        double? value = statistic(counts);
        int defined = 0;
        for (int i = 0; i < options.Resamples; i++)
        {
            Array.Clear(counts);
            for (int draw = 0; draw < samples; draw++)
            {
                counts[random.Next(samples)]++;
            }

            if (statistic(counts) is { } drawn && !double.IsNaN(drawn))
            {
                values[defined++] = drawn;
            }
        }

        bool enough = 2 * defined >= options.Resamples;
        Span<double> sorted = values.AsSpan(0, defined);
        sorted.Sort();
        return new(
            value,
            enough ? Quantile.OfSorted(sorted, (1 - options.Confidence) / 2) : null,
            enough ? Quantile.OfSorted(sorted, (1 + options.Confidence) / 2) : null,
            options.Confidence,
            options.Resamples,
            options.Resamples - defined);
    }

    /// <summary>The mean of one value a sample, such as 1 for right and 0 for wrong, as a statistic to resample.</summary>
    /// <param name="values">The values, in the order of the samples.</param>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public static ResampledStatistic Mean(ReadOnlySpan<double> values)
    {
        MetricInput.Finite(values, nameof(values));
        double[] copy = values.ToArray();
        return counts =>
        {
            MetricInput.SameLength(copy.Length, counts.Length, nameof(counts));
            double sum = 0;
            long drawn = 0;
            for (int i = 0; i < copy.Length; i++)
            {
                sum += counts[i] * copy[i];
                drawn += counts[i];
            }

            return drawn == 0 ? null : sum / drawn;
        };
    }

    private static void Check(BootstrapOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Resamples, 100, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Resamples, 100_000, nameof(options));
        if (options.Confidence is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Confidence, "A confidence is above 0 and below 1.");
        }
    }

    /// <summary>The mean of values of which a sample has none, one or several, as a statistic to resample; samples are drawn, not values.</summary>
    internal static ResampledStatistic MeanOf(IReadOnlyList<(int Sample, double Value)> values) => counts =>
    {
        (double sum, long drawn) = (0, 0);
        foreach ((int sample, double value) in values)
        {
            sum += counts[sample] * value;
            drawn += counts[sample];
        }

        return drawn == 0 ? null : sum / drawn;
    };
}

/// <summary>How a bootstrap resamples.</summary>
internal sealed class BootstrapOptions
{
    /// <summary>How many resamples, 100 to 100,000; default 2,000.</summary>
    public int Resamples { get; init; } = 2_000;

    /// <summary>The share of resamples between the two ends, above 0 and below 1; default 0.95.</summary>
    public double Confidence { get; init; } = 0.95;
}

/// <summary>A number and how far it would move with other samples of the same kind.</summary>
/// <param name="Value">The number on the samples themselves; null where it is not defined.</param>
/// <param name="Low">The lower end; null where fewer than half of the resamples defined the number.</param>
/// <param name="High">The upper end; null likewise.</param>
/// <param name="Confidence">The share of resamples between the ends.</param>
/// <param name="Resamples">How many resamples were drawn.</param>
/// <param name="Undefined">For how many of them the number was not defined; they are left out of the ends.</param>
internal sealed record BootstrapInterval(double? Value, double? Low, double? High, double Confidence, int Resamples, int Undefined);

/// <summary>
/// A number computed from samples, each of which counts as often as a resample drew it. Null where it is not defined, as a
/// ROC-AUC is for a resample without positives.
/// </summary>
/// <param name="counts">How often each sample counts.</param>
internal delegate double? ResampledStatistic(ReadOnlySpan<int> counts);

/// <summary>
/// Percentile bootstrap intervals of many numbers of one run: each resample is drawn once and given to all, so that they move
/// together, and resamples are spread over the cores. Resample i is drawn from seed and i alone, so the number of cores plays no
/// part.
/// </summary>
internal static class StatisticIntervals
{
    /// <summary>The lower and upper end for each statistic; null where fewer than half of the resamples defined it.</summary>
    /// <param name="samples">The number of samples, 1 or more.</param>
    /// <param name="statistics">The numbers; called from several threads at once.</param>
    /// <param name="resamples">How many resamples.</param>
    /// <param name="confidence">The share of resamples between the ends.</param>
    /// <param name="seed">Draws the samples.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static (double? Lower, double? Upper)[] Compute(
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

        return [.. values.Select(drawn => Ends(drawn, confidence))];
    }

    private static (double? Lower, double? Upper) Ends(double[] drawn, double confidence)
    {
        double[] defined = [.. drawn.Where(value => !double.IsNaN(value)).Order()];
        return 2 * defined.Length < drawn.Length
            ? (null, null)
            : (Quantile.OfSorted(defined, (1 - confidence) / 2), Quantile.OfSorted(defined, (1 + confidence) / 2));
    }
}

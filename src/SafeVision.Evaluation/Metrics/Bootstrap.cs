namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// Percentile bootstrap intervals (Efron 1979). They say what chance in the choice of the samples does to a number; they know
/// nothing of samples that are wrong, or of another kind than what comes in production.
/// </summary>
/// <remarks>
/// The same generator in the same state gives the same interval; with <see cref="SeededRandom"/>, on every machine.
/// </remarks>
public static class Bootstrap
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
        ArgumentNullException.ThrowIfNull(statistic);
        ArgumentNullException.ThrowIfNull(random);
        options ??= new();
        Check(options, samples);

        int[][] groups = Groups(samples, options.Strata);
        var (counts, values) = (new int[samples], new double[options.Resamples]);
        Array.Fill(counts, 1);
        double? value = statistic(counts);
        int defined = 0;
        for (int i = 0; i < options.Resamples; i++)
        {
            Array.Clear(counts);
            foreach (int[] group in groups)
            {
                for (int draw = 0; draw < group.Length; draw++)
                {
                    counts[group[random.Next(group.Length)]]++;
                }
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

    /// <summary>
    /// The interval of the difference of two systems on the same samples: every resample is given to both, so that what makes
    /// an image hard for both cancels. An interval that holds 0 shows no difference.
    /// </summary>
    /// <param name="samples">The number of samples, 1 or more.</param>
    /// <param name="first">The number of the first system.</param>
    /// <param name="second">The number of the second system, which is subtracted; its samples are in the same order.</param>
    /// <param name="random">Draws the samples.</param>
    /// <param name="options">How to resample; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static BootstrapInterval Difference(
        int samples, ResampledStatistic first, ResampledStatistic second, Random random, BootstrapOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Interval(samples, counts => first(counts) - second(counts), random, options);
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

    private static void Check(BootstrapOptions options, int samples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Resamples, 100, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Resamples, 100_000, nameof(options));
        if (options.Confidence is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Confidence, "A confidence is above 0 and below 1.");
        }

        if (options.Strata is { } strata)
        {
            MetricInput.SameLength(samples, strata.Count, nameof(options));
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

    private static int[][] Groups(int samples, IReadOnlyList<int>? strata) => strata is null
        ? [[.. Enumerable.Range(0, samples)]]
        : [.. Enumerable.Range(0, samples).GroupBy(i => strata[i]).OrderBy(group => group.Key).Select(group => group.ToArray())];
}

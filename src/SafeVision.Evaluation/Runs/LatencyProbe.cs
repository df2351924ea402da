using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Metrics;
using SafeVision.Evaluation.Reports;

namespace SafeVision.Evaluation.Runs;

/// <summary>
/// Measures how long a guardrail takes: cold, one image at a time, and as many at a time as it likes. A run's own durations are
/// of images that share the machine with others, so they answer none of these questions.
/// </summary>
internal static class LatencyProbe
{
    private const int WarmUps = 3;

    /// <summary>Measures. Nothing else should run on the machine meanwhile.</summary>
    /// <param name="create">Makes a guardrail that has loaded nothing yet; it is disposed here.</param>
    /// <param name="dataset">Its first images are used, again from the start where there are too few.</param>
    /// <param name="images">How many images each of the two warm measurements takes, 1 to 100,000.</param>
    /// <param name="clock">Null: the system's.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns><c>latencyCold</c>, <c>latencyP50</c>, <c>latencyP95</c>, <c>latencyP99</c> and <c>imagesPerSecond</c>.</returns>
    /// <exception cref="ArgumentException">There is no image, or their number is out of its range.</exception>
    public static async Task<IReadOnlyList<MetricValue>> MeasureAsync(
        Func<IImageGuardrail> create, EvaluationDataset dataset, int images = 100, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(images, 100_000);
        if (dataset.Samples.Count == 0)
        {
            throw new ArgumentException("The dataset has no sample to measure with.", nameof(dataset));
        }

        clock ??= TimeProvider.System;
        long start = clock.GetTimestamp();
        await using IImageGuardrail guardrail = create();
        await guardrail.CheckAsync(Image(0), cancellationToken).ConfigureAwait(false);
        TimeSpan cold = clock.GetElapsedTime(start);
        for (int i = 0; i < WarmUps; i++)
        {
            await guardrail.CheckAsync(Image(i), cancellationToken).ConfigureAwait(false);
        }

        var durations = new TimeSpan[images];
        long started = clock.GetTimestamp();
        for (int i = 0; i < images; i++)
        {
            long one = clock.GetTimestamp();
            await guardrail.CheckAsync(Image(i), cancellationToken).ConfigureAwait(false);
            durations[i] = clock.GetElapsedTime(one);
        }

        LatencySummary alone = LatencySummary.From(durations, clock.GetElapsedTime(started))!;
        long together = clock.GetTimestamp();
        await foreach (GuardrailResult _ in guardrail.CheckManyAsync(Enumerable.Range(0, images).Select(Image).ToAsyncEnumerable(), cancellationToken).ConfigureAwait(false))
        {
        }

        double seconds = clock.GetElapsedTime(together).TotalSeconds;
        return
        [
            MetricCatalog.Value("latencyCold", cold.TotalMilliseconds, 1),
            MetricCatalog.Value("latencyP50", alone.P50.TotalMilliseconds, images),
            MetricCatalog.Value("latencyP95", alone.P95.TotalMilliseconds, images),
            MetricCatalog.Value("latencyP99", alone.P99.TotalMilliseconds, images),
            MetricCatalog.Value("imagesPerSecond", seconds > 0 ? images / seconds : null, images),
        ];

        ImageSource Image(int i) => dataset.Open(dataset.Samples[i % dataset.Samples.Count]);
    }
}

/// <summary>How long images took. Say with it what was measured: hardware, images at a time, cold or warm, and whether decoding counts.</summary>
/// <param name="Count">How many images.</param>
/// <param name="Mean">The mean time of an image.</param>
/// <param name="P50">The median.</param>
/// <param name="P95">The time that 95 % of the images keep.</param>
/// <param name="P99">The time that 99 % keep; with fewer than 100 images it is hardly more than the slowest one.</param>
/// <param name="Slowest">The longest time.</param>
/// <param name="ImagesPerSecond">Images over the time from the first start to the last end; null where that is 0.</param>
internal sealed record LatencySummary(
    int Count, TimeSpan Mean, TimeSpan P50, TimeSpan P95, TimeSpan P99, TimeSpan Slowest, double? ImagesPerSecond)
{
    /// <summary>Sums up measured times; null without any. Percentiles are interpolated between neighbours.</summary>
    /// <param name="durations">Each image's time, in any order.</param>
    /// <param name="elapsed">From the first start to the last end: shorter than the sum where images ran side by side.</param>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative.</exception>
    public static LatencySummary? From(ReadOnlySpan<TimeSpan> durations, TimeSpan elapsed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(elapsed, TimeSpan.Zero);
        if (durations.IsEmpty)
        {
            return null;
        }

        var ticks = new double[durations.Length];
        double sum = 0;
        for (int i = 0; i < ticks.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(durations[i], TimeSpan.Zero, nameof(durations));
            ticks[i] = durations[i].Ticks;
            sum += ticks[i];
        }

        Array.Sort(ticks);
        return new(
            ticks.Length,
            Time(sum / ticks.Length),
            Time(Quantile.OfSorted(ticks, 0.50)),
            Time(Quantile.OfSorted(ticks, 0.95)),
            Time(Quantile.OfSorted(ticks, 0.99)),
            Time(ticks[^1]),
            elapsed > TimeSpan.Zero ? ticks.Length / elapsed.TotalSeconds : null);
    }

    private static TimeSpan Time(double ticks) => TimeSpan.FromTicks((long)Math.Round(ticks));
}

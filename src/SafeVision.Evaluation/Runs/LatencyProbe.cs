namespace SafeVision.Evaluation.Runs;

/// <summary>Measures how long a guardrail takes: cold, one image at a time, and as many at a time as it likes. A run's own
/// durations are of images that share the machine with others, so they answer none of these questions.</summary>
internal static class LatencyProbe
{
    private const int WarmUps = 3;

    /// <summary>Measures. Nothing else should run on the machine meanwhile.</summary>
    /// <returns><c>latencyCold</c>, <c>latencyP50</c>, <c>latencyP95</c>, <c>latencyP99</c> and <c>imagesPerSecond</c>.</returns>
    public static async Task<IReadOnlyList<MetricValue>> MeasureAsync(
        Func<IImageGuardrail> create, EvaluationDataset dataset, int images, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(images, 100_000);
        if (dataset.Samples.Count == 0)
        {
            throw new ArgumentException("The dataset has no sample to measure with.", nameof(dataset));
        }

        TimeProvider clock = TimeProvider.System;
        long start = clock.GetTimestamp();
        await using IImageGuardrail guardrail = create();
        await guardrail.CheckAsync(Image(0), cancellationToken).ConfigureAwait(false);
        TimeSpan cold = clock.GetElapsedTime(start);
        for (int i = 0; i < WarmUps; i++)
        {
            await guardrail.CheckAsync(Image(i), cancellationToken).ConfigureAwait(false);
        }

        double[] milliseconds = new double[images];
        for (int i = 0; i < images; i++)
        {
            long one = clock.GetTimestamp();
            await guardrail.CheckAsync(Image(i), cancellationToken).ConfigureAwait(false);
            milliseconds[i] = clock.GetElapsedTime(one).TotalMilliseconds;
        }

        Array.Sort(milliseconds);
        long together = clock.GetTimestamp();
        await foreach (GuardrailResult _ in guardrail.CheckManyAsync(Enumerable.Range(0, images).Select(Image).ToAsyncEnumerable(), cancellationToken).ConfigureAwait(false))
        {
        }

        double seconds = clock.GetElapsedTime(together).TotalSeconds;
        return
        [
            MetricCatalog.Value("latencyCold", cold.TotalMilliseconds, 1),
            MetricCatalog.Value("latencyP50", Quantile.OfSorted(milliseconds, 0.50), images),
            MetricCatalog.Value("latencyP95", Quantile.OfSorted(milliseconds, 0.95), images),
            MetricCatalog.Value("latencyP99", Quantile.OfSorted(milliseconds, 0.99), images),
            MetricCatalog.Value("imagesPerSecond", seconds > 0 ? images / seconds : null, images),
        ];

        ImageSource Image(int i) => dataset.Open(dataset.Samples[i % dataset.Samples.Count]);
    }
}

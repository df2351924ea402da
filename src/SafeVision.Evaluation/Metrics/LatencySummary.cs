namespace SafeVision.Evaluation.Metrics;

/// <summary>How long images took. Say with it what was measured: hardware, images at a time, cold or warm, and whether decoding counts.</summary>
/// <param name="Count">How many images.</param>
/// <param name="Mean">The mean time of an image.</param>
/// <param name="P50">The median.</param>
/// <param name="P95">The time that 95 % of the images keep.</param>
/// <param name="P99">The time that 99 % keep; with fewer than 100 images it is hardly more than the slowest one.</param>
/// <param name="Slowest">The longest time.</param>
/// <param name="ImagesPerSecond">Images over the time from the first start to the last end; null where that is 0.</param>
public sealed record LatencySummary(
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

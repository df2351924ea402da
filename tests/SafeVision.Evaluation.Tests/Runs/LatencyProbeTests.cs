using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Tests.Runs;

public sealed class LatencyProbeTests
{
    [Fact]
    public void Percentiles_are_interpolated_between_neighbours()
    {
        // numpy.percentile([1..10], [50, 95, 99]) is 5.5, 9.55, 9.91.
        TimeSpan[] times = [.. Enumerable.Range(1, 10).Reverse().Select(i => TimeSpan.FromMilliseconds(i))];
        LatencySummary summary = LatencySummary.From(times, TimeSpan.FromMilliseconds(20))!;
        Assert.Equal((10, 5.5, 5.5, 9.55, 9.91, 10), (summary.Count, summary.Mean.TotalMilliseconds, summary.P50.TotalMilliseconds, summary.P95.TotalMilliseconds, summary.P99.TotalMilliseconds, summary.Slowest.TotalMilliseconds));
        Assert.Equal(500, summary.ImagesPerSecond);
    }

    [Fact]
    public void Without_images_there_is_no_summary_and_without_time_no_rate()
    {
        Assert.Null(LatencySummary.From([], TimeSpan.FromSeconds(1)));
        Assert.Null(LatencySummary.From([TimeSpan.Zero], TimeSpan.Zero)!.ImagesPerSecond);
        Assert.Throws<ArgumentOutOfRangeException>(() => LatencySummary.From([TimeSpan.FromTicks(-1)], TimeSpan.Zero));
    }
}

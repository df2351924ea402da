using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class QuantileTests
{
    [Fact]
    public void Percentiles_are_interpolated_between_neighbours_as_in_NumPy()
    {
        // numpy.percentile([1..10], [0, 50, 95, 99, 100]) is 1, 5.5, 9.55, 9.91, 10.
        double[] values = [.. Enumerable.Range(1, 10)];
        Assert.Equal([1, 5.5, 9.55, 9.91, 10], ((double[])[0, 0.5, 0.95, 0.99, 1]).Select(share => Math.Round(Quantile.OfSorted(values, share), 12)));
        Assert.Equal(7, Quantile.OfSorted([7], 0.3));
    }
}

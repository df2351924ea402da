using SafeVision.Conversion.Quantization;

namespace SafeVision.Conversion.Tests.Quantization;

/// <summary>The range of an activation in eight bits.</summary>
public sealed class ActivationRangeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_lone_outlier_is_cut_off_where_that_loses_less_than_coarse_steps_for_all_others(int seed)
    {
        var random = new Random(seed);
        float[] numbers = [.. Enumerable.Range(0, 400_000).Select(_ => (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5)), 6];
        (float low, float high) = Best(numbers);
        Assert.InRange(high, 1.5, 5);
        Assert.True(Error(numbers, low, high) < 0.8 * Error(numbers, numbers.Min(), numbers.Max()));
    }

    [Fact]
    public void Where_all_numbers_are_alike_often_nothing_is_cut_off()
    {
        float[] numbers = [.. Enumerable.Range(-500, 1501).Select(number => number / 100f)];
        Assert.Equal((-5f, 10f), Best(numbers));
    }

    [Fact]
    public void Zero_is_always_within_it()
    {
        Assert.Equal(0, Best([2, 3, 4]).Low);
        Assert.Equal(0, Best([-2, -3, -4]).High);
        Assert.Equal((0f, 0f), Best([0, 0]));
    }

    private static (float Low, float High) Best(float[] numbers)
    {
        var range = new ActivationRange();
        range.Widen(numbers);
        range.Count(numbers);
        return range.Best();
    }

    private static double Error(float[] numbers, float low, float high)
    {
        float step = (high - low) / 255;
        return numbers.Sum(number => Math.Pow(number - (MathF.Round((Math.Clamp(number, low, high) - low) / step) * step) - low, 2));
    }
}

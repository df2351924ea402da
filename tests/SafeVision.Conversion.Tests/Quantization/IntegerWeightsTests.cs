using CsCheck;
using SafeVision.Conversion.Quantization;

namespace SafeVision.Conversion.Tests.Quantization;

/// <summary>Weights of convolutions in eight bits.</summary>
public sealed class IntegerWeightsTests
{
    private static readonly Gen<(float[] Numbers, int[] Shape)> s_convolutions =
        from shape in Gen.Select(Gen.Int[1, 4], Gen.Int[1, 9], Gen.Int[1, 3], Gen.Int[1, 3])
        from numbers in Gen.Frequency((3, Gen.Float[-1, 1]), (1, Gen.Float[-20, 20])).Array[shape.Item1 * shape.Item2 * shape.Item3 * shape.Item4]
        select (numbers, new[] { shape.Item1, shape.Item2, shape.Item3, shape.Item4 });

    [Fact]
    public void Two_that_are_added_in_16_bits_never_overflow_in_either_order_of_the_kernels() => s_convolutions.Sample(convolution =>
    {
        (float[] numbers, int[] shape) = convolution;
        (_, sbyte[] whole) = IntegerWeights.Round(numbers, shape);
        int inputs = shape[1], cells = shape[2] * shape[3], each = inputs * cells;
        foreach (sbyte[] row in whole.Chunk(each))
        {
            sbyte[] byCell = [.. Enumerable.Range(0, each).Select(i => row[((i % inputs) * cells) + (i / inputs)])];
            Assert.All(row.Chunk(2).Concat(byCell.Chunk(2)), pair => Assert.InRange(pair.Sum(weight => Math.Abs((int)weight)) * 255, 0, short.MaxValue));
        }
    });

    [Fact]
    public void Each_is_within_half_a_step_and_no_step_is_wider_than_one_of_seven_bits() => s_convolutions.Sample(convolution =>
    {
        (float[] numbers, int[] shape) = convolution;
        (float[] scales, sbyte[] whole) = IntegerWeights.Round(numbers, shape);
        int each = numbers.Length / shape[0];
        Assert.All(numbers.Index(), number => Assert.InRange(Math.Abs(number.Item - (whole[number.Index] * scales[number.Index / each])), 0, 0.5001 * scales[number.Index / each]));
        Assert.All(scales.Zip(numbers.Chunk(each)), row => Assert.True(row.First <= Math.Max(row.Second.Max(MathF.Abs) / 63, 1e-9f)));
    });
}

using CsCheck;
using SafeVision.Conversion.Quantization;

namespace SafeVision.Conversion.Tests.Quantization;

public sealed class BlockQuantizerTests
{
    private static readonly Gen<(BlockFormat Format, float[] Row)> s_rows = Gen.Select(
        Gen.Int[1, 2], Gen.Int[4, 8], Gen.Float[-3, 3].Array[1, 300], (nibbles, power, row) => (new BlockFormat(4 * nibbles, 1 << power), row));

    [Theory]
    [InlineData(-1f, 0.5f, 0.125f, 0xC0)]
    [InlineData(-0.5f, 1f, -0.125f, 0x0C)]
    public void The_number_of_the_largest_magnitude_becomes_the_lowest_whole_number(float first, float second, float scale, byte packed)
    {
        float[] row = new float[32];
        (row[0], row[1]) = (first, second);
        (byte[] bytes, float[] scales, _) = Quantize(row, new BlockFormat(4, 32), search: false);
        Assert.Equal(scale, scales[0]);
        Assert.Equal(packed, bytes[0]);
        Assert.All(bytes[1..], zeros => Assert.Equal(0x88, zeros));
    }

    [Fact]
    public void Rounding_to_nearest_gives_the_bytes_of_a_plain_loop() => s_rows.Sample(
        sample =>
        {
            (byte[] bytes, float[] scales, byte[] zeros) = Quantize(sample.Row, sample.Format, search: false);
            (byte[] expectedBytes, float[] expectedScales) = PlainLoop(sample.Row, sample.Format);
            Assert.All(zeros[..(sample.Format.HasZeroPoints ? scales.Length / 2 : 0)], pair => Assert.Equal(0x88, pair));
            Assert.Equal(expectedScales, scales);
            Assert.Equal(expectedBytes, bytes);
        },
        iter: 500);

    [Fact]
    public void The_search_never_loses_more_than_rounding_to_nearest() => s_rows.Sample(
        sample => Assert.True(SquaredError(sample.Row, sample.Format, search: true) <= SquaredError(sample.Row, sample.Format, search: false) * 1.000001),
        iter: 500);

    [Theory]
    [InlineData(32, 0.0815, 0.0865)]
    [InlineData(64, 0.0875, 0.0955)]
    [InlineData(128, 0.0955, 0.1040)]
    public void Of_normal_weights_the_search_loses_less(int blockSize, double searched, double nearest)
    {
        float[] row = Weights.Normal(1 << 18, 0.02, 1);
        var format = new BlockFormat(4, blockSize);
        double power = row.Sum(x => (double)x * x);
        double withSearch = Math.Sqrt(SquaredError(row, format, search: true) / power), without = Math.Sqrt(SquaredError(row, format, search: false) / power);
        Assert.InRange(withSearch, 0.05, searched);
        Assert.InRange(without, 0.05, nearest);
        Assert.True(withSearch < 0.96 * without);
    }

    [Fact]
    public void Weights_off_centre_lose_less_where_blocks_have_zero_points()
    {
        float[] row = [.. Weights.Normal(1 << 16, 0.02, 1).Select(x => x + 0.02f)];
        double power = row.Sum(x => (double)x * x);
        Assert.True(Math.Sqrt(SquaredError(row, new BlockFormat(4, 64), search: true) / power) < 0.8 * Math.Sqrt(SquaredError(row, new BlockFormat(4, 64), search: false) / power));
    }

    [Fact]
    public void Eight_bits_stay_within_half_a_step() => Gen.Float[-50, 50].Array[1, 200].Sample(
        row =>
        {
            var format = new BlockFormat(8, 32);
            (byte[] bytes, float[] scales, byte[] zeros) = Quantize(row, format, search: true);
            for (int i = 0; i < row.Length; i++)
            {
                Assert.InRange(Math.Abs(Weights.Dequantize(bytes, scales, zeros, format, i) - row[i]), 0, (scales[i / 32] * 0.5001) + 1e-30);
            }
        },
        iter: 300);

    [Theory]
    [InlineData(0f)]
    [InlineData(1e-45f)]
    [InlineData(-1e-38f)]
    [InlineData(1e-36f)]
    [InlineData(3e38f)]
    [InlineData(-3.4028235e38f)]
    public void The_smallest_and_the_largest_numbers_stay_finite(float value)
    {
        foreach ((int bits, int size) in new[] { (4, 32), (4, 64), (8, 32) })
        {
            var format = new BlockFormat(bits, size);
            float[] row = [value, .. new float[40]];
            (byte[] bytes, float[] scales, byte[] zeros) = Quantize(row, format, search: true);
            Assert.All(scales, scale => Assert.True(float.IsFinite(scale)));
            double error = Math.Abs(Weights.Dequantize(bytes, scales, zeros, format, 0) - value);
            Assert.InRange(error, 0, Math.Max(Math.Abs((double)value) / 64, 2e-35));
            Assert.Equal(0, Weights.Dequantize(bytes, scales, zeros, format, 1));
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_number_that_is_not_finite_is_refused_wherever_it_stands(float value)
    {
        foreach (int place in new[] { 0, 7, 31, 32, 39 })
        {
            float[] row = new float[40];
            row[place] = value;
            foreach (int bits in new[] { 4, 8 })
            {
                var format = new BlockFormat(bits, 32);
                Assert.False(BlockQuantizer.TryQuantize(row, format, new byte[format.RowBytes(40)], new float[2], []));
            }
        }
    }

    private static double SquaredError(float[] row, BlockFormat format, bool search)
    {
        (byte[] bytes, float[] scales, byte[] zeros) = Quantize(row, format, search);
        double error = 0;
        for (int i = 0; i < row.Length; i++)
        {
            error += Math.Pow(Weights.Dequantize(bytes, scales, zeros, format, i) - row[i], 2);
        }

        return error;
    }

    private static (byte[] Bytes, float[] Scales, byte[] Zeros) Quantize(float[] row, BlockFormat format, bool search)
    {
        byte[] bytes = new byte[format.RowBytes(row.Length)];
        byte[] zeros = new byte[format.ZeroBytes(row.Length)];
        float[] scales = new float[format.Blocks(row.Length)];
        Assert.True(BlockQuantizer.TryQuantize(row, format, bytes, scales, zeros, search));
        return (bytes, scales, zeros);
    }

    private static (byte[] Bytes, float[] Scales) PlainLoop(float[] row, BlockFormat format)
    {
        byte[] bytes = new byte[format.RowBytes(row.Length)];
        float[] scales = new float[format.Blocks(row.Length)];
        for (int block = 0; block < scales.Length; block++)
        {
            float[] numbers = [.. Enumerable.Range(block * format.BlockSize, format.BlockSize).Select(i => i < row.Length ? row[i] : 0)];
            float largest = numbers.Max(MathF.Abs);
            bool isNegative = largest > numbers.Max();
            scales[block] = format.Bits == 8 ? largest / 127 : (isNegative ? -largest : largest) / -8;
            scales[block] = MathF.Abs(scales[block]) < 1e-37f ? 0 : scales[block];
            float inverse = scales[block] == 0 ? 0 : 1 / scales[block];
            for (int i = 0; i < numbers.Length; i++)
            {
                int place = (block * format.BlockSize) + i;
                if (format.Bits == 8)
                {
                    bytes[place] = (byte)(MathF.Round(numbers[i] * inverse) + 128);
                    continue;
                }

                int q = (int)Math.Clamp(MathF.Round(numbers[i] * inverse), -8, 7) + 8;
                bytes[place / 2] |= (byte)(q << (4 * (place % 2)));
            }
        }

        return (bytes, scales);
    }
}

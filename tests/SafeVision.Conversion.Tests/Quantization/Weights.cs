using SafeVision.Conversion.Quantization;

namespace SafeVision.Conversion.Tests.Quantization;

/// <summary>Makes weights, and reads rounded ones back number by number.</summary>
internal static class Weights
{
    public static float[] Normal(int count, double deviation, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }

    public static double Dequantize(ReadOnlySpan<byte> bytes, ReadOnlySpan<float> scales, ReadOnlySpan<byte> zeros, BlockFormat format, int place)
    {
        int block = place / format.BlockSize, zero = format.HasZeroPoints ? Nibble(zeros, block) : 8;
        int q = format.Bits == 8 ? bytes[place] - 128 : Nibble(bytes, place) - zero;
        return (double)q * scales[block];
    }

    private static int Nibble(ReadOnlySpan<byte> bytes, int place) => (bytes[place / 2] >> (4 * (place % 2))) & 15;
}

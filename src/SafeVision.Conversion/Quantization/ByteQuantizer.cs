using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SafeVision.Conversion.Quantization;

/// <summary>Rounds rows of numbers to whole numbers that fit a signed byte.</summary>
internal static class ByteQuantizer
{
    /// <summary>Rounds one row.</summary>
    /// <param name="row">The numbers.</param>
    /// <param name="largest">What the largest magnitude of the row becomes, at most 127.</param>
    /// <param name="bytes">Takes the whole numbers, signed.</param>
    /// <param name="scale">What they are to be multiplied by.</param>
    /// <returns>False where a number is not finite.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first row on: a conversion is over before the runtime would see that it pays
    public static bool TryQuantize(ReadOnlySpan<float> row, int largest, Span<byte> bytes, out float scale)
    {
        scale = MathF.Abs(TensorPrimitives.MaxMagnitude(row)) / largest; // NaN where one is
        if (!float.IsFinite(scale))
        {
            return false;
        }

        if (scale < 1e-37f) // its inverse would overflow; such numbers are as good as zero
        {
            bytes.Clear();
            scale = 1;
            return true;
        }

        Span<sbyte> signed = MemoryMarshal.Cast<byte, sbyte>(bytes);
        float inverse = 1 / scale;
        Vector256<float> factor = Vector256.Create(inverse);
        int i = 0;
        for (; i <= row.Length - 32; i += 32)
        {
            Vector256<short> low = Vector256.Narrow(Round(row, i, factor), Round(row, i + 8, factor));
            Vector256<short> high = Vector256.Narrow(Round(row, i + 16, factor), Round(row, i + 24, factor));
            Vector256.Narrow(low, high).CopyTo(signed[i..]);
        }

        for (; i < row.Length; i++)
        {
            signed[i] = (sbyte)MathF.Round(row[i] * inverse);
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(ReadOnlySpan<float> row, int start, Vector256<float> factor) =>
        Vector256.ConvertToInt32Native(Vector256.Round(Vector256.Create(row[start..]) * factor));
}

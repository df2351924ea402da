using System.Numerics.Tensors;

namespace SafeVision.Conversion.Quantization;

/// <summary>Rounds rows of numbers to whole numbers that fit a signed byte.</summary>
internal static class ByteQuantizer
{
    /// <summary>Rounds one row in place.</summary>
    /// <param name="row">The numbers; then whole numbers of a magnitude of at most <paramref name="largest"/>.</param>
    /// <param name="largest">What the largest magnitude of the row becomes.</param>
    /// <param name="scale">What they are to be multiplied by.</param>
    /// <returns>False where a number is not finite.</returns>
    public static bool TryQuantize(Span<float> row, int largest, out float scale)
    {
        scale = MathF.Abs(TensorPrimitives.MaxMagnitude<float>(row)) / largest; // NaN where one is
        if (!float.IsFinite(scale))
        {
            return false;
        }

        if (scale < 1e-37f) // its inverse would overflow; such numbers are as good as zero
        {
            row.Clear();
            scale = 1;
            return true;
        }

        TensorPrimitives.Multiply(row, 1 / scale, row);
        TensorPrimitives.Round(row, row);
        return true;
    }
}

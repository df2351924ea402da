using System.Runtime.InteropServices;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>
/// Rounds the rows of a matrix to 8 bits, each with a scale of its own by which its largest magnitude becomes 127.
/// (Cutting outliers off for a finer scale never lost less on the rows of the encoders tried.)
/// </summary>
internal static class RowQuantization
{
    private const int Largest = 127;

    public static StoredTensor Round(StoredTensor matrix)
    {
        double[] values = matrix.ToDouble();
        sbyte[] rounded = new sbyte[values.Length];
        double[] scales = new double[matrix.Shape[0]];
        Parallel.For(0, scales.Length, row =>
        {
            ReadOnlySpan<double> numbers = values.AsSpan(row * matrix.RowLength, matrix.RowLength);
            double scale = scales[row] = Scale(numbers);
            for (int i = 0; i < numbers.Length; i++)
            {
                rounded[(row * matrix.RowLength) + i] = (sbyte)Math.Clamp(Math.Round(numbers[i] / scale), -Largest, Largest);
            }
        });
        return new StoredTensor(matrix.Name, matrix.Shape, TensorElement.Int8, MemoryMarshal.AsBytes(rounded.AsSpan()).ToArray(), new Dequantization(scales, 0));
    }

    private static double Scale(ReadOnlySpan<double> numbers)
    {
        double largest = 0;
        foreach (double number in numbers)
        {
            largest = Math.Max(largest, Math.Abs(number));
        }

        // The graph holds scales in float32: round with the very scale that it multiplies by.
        return largest > 0 && double.IsFinite(largest) ? (float)(largest / Largest) : 1;
    }
}

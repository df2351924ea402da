namespace SafeVision.Conversion.Quantization;

/// <summary>Finds the layers that 4 bits would distort more than normally distributed weights, such as those with a few
/// weights far larger than their neighbours. Errors of the first and the last layer weigh more, the one being carried
/// through all others and the other never being mended, so their limit is lower. Those of a head reach one token each.</summary>
internal static class RoundingSensitivity
{
    private const int SampleRows = 64;
    private const double InnerLimit = 1.3;
    private const double OuterLimit = 1.1;

    /// <summary>Whether a layer should keep more bits, judged by some of its rows.</summary>
    public static bool IsSensitive(LinearLayer layer, BlockFormat format)
    {
        bool isOuter = layer.Role != LinearRole.Vocabulary && (layer.Depth == 0 || layer.Depth == layer.Layers - 1);
        return RelativeError(layer, format) > NormalError(format.BlockSize) * (isOuter ? OuterLimit : InnerLimit);
    }

    /// <summary>The root of the squared error of rounding to 4 bits by the sum of squares, over rows spread evenly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static double RelativeError(LinearLayer layer, BlockFormat format)
    {
        int columns = layer.Weight.Columns, rows = Math.Min(SampleRows, layer.Weight.Rows);
        float[] numbers = new float[columns], scales = new float[format.Blocks(columns)];
        byte[] packed = new byte[format.RowBytes(columns)], zeros = new byte[format.ZeroBytes(columns)];
        double error = 0, power = 0;
        for (int i = 0; i < rows; i++)
        {
            int row = (int)((long)i * layer.Weight.Rows / rows);
            layer.Weight.ReadRows(row, numbers);
            if (!BlockQuantizer.TryQuantize(numbers, format, packed, scales, zeros))
            {
                throw BlockWeights.NotFinite(layer.Weight, row);
            }

            for (int k = 0; k < columns; k++)
            {
                int block = k / format.BlockSize, zero = format.HasZeroPoints ? Nibble(zeros, block) : 8;
                double rounded = (Nibble(packed, k) - zero) * scales[block];
                error += (numbers[k] - rounded) * (numbers[k] - rounded);
                power += (double)numbers[k] * numbers[k];
            }
        }

        return power == 0 ? 0 : Math.Sqrt(error / power);
    }

    private static int Nibble(byte[] bytes, int place) => (bytes[place / 2] >> (4 * (place & 1))) & 15;

    // Measured on a million numbers, each.
    private static double NormalError(int blockSize) => blockSize switch
    {
        <= 32 => 0.081,
        64 => 0.087,
        _ => 0.095,
    };
}

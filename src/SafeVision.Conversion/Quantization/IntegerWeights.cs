namespace SafeVision.Conversion.Quantization;

/// <summary>Rounds the weights of a convolution to eight bits, with one scale for each output channel. Processors
/// without VNNI add two neighbouring products with full bytes in 16 bits (vpmaddubsw), so two weights that are added
/// there must not exceed 128 together; scales are as fine as that allows, which seldom costs as much as the eighth
/// bit.</summary>
internal static class IntegerWeights
{
    private const int Most = sbyte.MaxValue;
    private const int MostTogether = 128; // times 255 is less than 2 to the 15th

    /// <param name="numbers">[outputs, inputs, rows, columns].</param>
    /// <returns>A scale for each output, and the whole numbers.</returns>
    public static (float[] Scales, sbyte[] Whole) Round(ReadOnlySpan<float> numbers, ReadOnlySpan<int> shape)
    {
        int outputs = shape[0], each = numbers.Length / outputs, inputs = shape[1], cells = each / inputs;
        float[] scales = new float[outputs];
        sbyte[] whole = new sbyte[numbers.Length];
        Span<int> byInput = new int[each], byCell = new int[each]; // the two orders in which the runtime's kernels add
        for (int i = 0; i < each; i++)
        {
            (byInput[i], byCell[i]) = (i, ((i % inputs) * cells) + (i / inputs));
        }

        for (int output = 0; output < outputs; output++)
        {
            ReadOnlySpan<float> row = numbers.Slice(output * each, each);
            float scale = Math.Max(Math.Max(MathF.Abs(TensorPrimitives.MaxMagnitude(row)) / Most, Math.Max(Together(row, byInput), Together(row, byCell)) / (MostTogether - 1)), 1e-9f);
            scales[output] = scale;
            for (int i = 0; i < each; i++)
            {
                whole[(output * each) + i] = (sbyte)MathF.Round(row[i] / scale); // both of a pair rounded up are one more: 128
            }
        }

        return (scales, whole);
    }

    /// <summary>The largest sum of two that are added first.</summary>
    private static float Together(ReadOnlySpan<float> row, ReadOnlySpan<int> order)
    {
        float most = 0;
        for (int i = 0; i + 1 < order.Length; i += 2)
        {
            most = Math.Max(most, MathF.Abs(row[order[i]]) + MathF.Abs(row[order[i + 1]]));
        }

        return most;
    }
}

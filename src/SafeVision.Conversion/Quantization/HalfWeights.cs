namespace SafeVision.Conversion.Quantization;

/// <summary>A matrix that is rounded to float16 while the file is written, a few rows at a time.</summary>
internal static class HalfWeights
{
    private const int ChunkNumbers = 1 << 18;

    /// <summary>Adds a float16 initializer of the matrix's shape, and returns its name.</summary>
    public static string Add(OnnxGraph graph, string name, WeightMatrix matrix) => Add(graph, name, matrix, [matrix.Rows, matrix.Columns]);

    /// <summary>The same in any shape of as many numbers.</summary>
    public static string Add(OnnxGraph graph, string name, WeightMatrix matrix, ReadOnlySpan<int> shape) =>
        graph.Deferred(name, DataType.Float16, shape, matrix.Count * sizeof(ushort), stream => Write(matrix, stream));

    /// <summary>A small weight, such as a bias.</summary>
    public static string AddSmall(OnnxGraph graph, string name, float[] values) => graph.Deferred(
        name, DataType.Float16, [values.Length], values.Length * sizeof(ushort),
        stream =>
        {
            Half[] halves = new Half[values.Length];
            TensorPrimitives.ConvertToHalf(values, halves);
            stream.Write(MemoryMarshal.AsBytes(halves.AsSpan()));
        });

    /// <summary>Numbers in float16 where that loses nothing; null where it would.</summary>
    public static Half[]? Exact(ReadOnlySpan<float> numbers)
    {
        Half[] halves = new Half[numbers.Length];
        TensorPrimitives.ConvertToHalf(numbers, halves);
        for (int i = 0; i < halves.Length; i++)
        {
            if ((float)halves[i] != numbers[i])
            {
                return null;
            }
        }

        return halves;
    }

    private static void Write(WeightMatrix matrix, Stream stream)
    {
        int chunk = Math.Clamp(ChunkNumbers / matrix.Columns, 1, matrix.Rows);
        float[] numbers = new float[chunk * matrix.Columns];
        Half[] halves = new Half[numbers.Length];
        for (int row = 0; row < matrix.Rows; row += chunk)
        {
            int count = Math.Min(chunk, matrix.Rows - row) * matrix.Columns;
            matrix.ReadRows(row, numbers.AsSpan(0, count));
            TensorPrimitives.ConvertToHalf(numbers.AsSpan(0, count), halves);
            if (!TensorPrimitives.IsFiniteAll<Half>(halves.AsSpan(0, count)))
            {
                throw new CheckpointException(
                    $"Tensor '{matrix.Name}' has NaN or a number that float16 can't hold (its largest is 65504); convert to float32, or to int8 or int4, whose scales are float32.");
            }

            stream.Write(MemoryMarshal.AsBytes(halves.AsSpan(0, count)));
        }
    }
}

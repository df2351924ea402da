namespace SafeVision.Conversion.Quantization;

/// <summary>A matrix that is rounded to float16 while the file is written.</summary>
internal static class HalfWeights
{
    /// <summary>Adds a float16 initializer of the matrix's shape, and returns its name.</summary>
    public static string Add(OnnxGraph graph, string name, WeightMatrix matrix) => Add(graph, name, matrix, [matrix.Rows, matrix.Columns]);

    /// <summary>The same in any shape of as many numbers.</summary>
    public static string Add(OnnxGraph graph, string name, WeightMatrix matrix, ReadOnlySpan<int> shape)
    {
        return graph.Deferred(name, DataType.Float16, shape, matrix.Count * sizeof(ushort), stream => RowGroups.Write(matrix, matrix.Columns * sizeof(ushort), Round, stream));

        void Round(int row, ReadOnlySpan<float> numbers, Span<byte> bytes)
        {
            Span<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes);
            TensorPrimitives.ConvertToHalf(numbers, halves);
            if (!TensorPrimitives.IsFiniteAll<Half>(halves))
            {
                throw new CheckpointException(
                    $"Tensor '{matrix.Name}' has NaN or a number that float16 can't hold (its largest is 65504); convert to float32, or to int8 or int4, whose scales are float32.");
            }
        }
    }

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
}

using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Onnx;

/// <summary>Puts matrices of a checkpoint into graphs as float32, a few rows at a time.</summary>
internal static class OnnxMatrix
{
    private const int ChunkNumbers = 1 << 18;

    /// <summary>Adds a float32 initializer of any shape that has the matrix's numbers, and returns its name.</summary>
    public static string Weights(this OnnxGraph graph, string name, WeightMatrix matrix, params ReadOnlySpan<int> shape) =>
        graph.Deferred(name, TensorProto.Types.DataType.Float, shape, matrix.Count * sizeof(float), stream => Write(matrix, stream));

    private static void Write(WeightMatrix matrix, Stream stream)
    {
        int chunk = Math.Max(1, ChunkNumbers / matrix.Columns);
        float[] rows = new float[Math.Min(chunk, matrix.Rows) * matrix.Columns];
        for (int row = 0; row < matrix.Rows; row += chunk)
        {
            Span<float> numbers = rows.AsSpan(0, Math.Min(chunk, matrix.Rows - row) * matrix.Columns);
            matrix.ReadRows(row, numbers);
            if (!TensorPrimitives.IsFiniteAll<float>(numbers))
            {
                throw new CheckpointException($"'{matrix.Name}': holds a number that is none, or is infinite; the checkpoint is damaged.");
            }

            stream.Write(MemoryMarshal.AsBytes(numbers));
        }
    }
}

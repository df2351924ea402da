using System.Buffers;
using System.Runtime.InteropServices;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Quantization;

/// <summary>A table of signed bytes with a scale for each row; only the rows that are looked up become float32.</summary>
internal sealed class ByteEmbedding
{
    private const int ChunkNumbers = 1 << 22;

    private readonly WeightMatrix _table;
    private readonly float[] _scales;

    private ByteEmbedding(WeightMatrix table) => (_table, _scales) = (table, new float[table.Rows]);

    public static string Add(OnnxGraph graph, WeightMatrix table, string ids)
    {
        var weights = new ByteEmbedding(table);
        string bytes = graph.Deferred($"{table.Name}_quantized", DataType.Int8, [table.Rows, table.Columns], table.Count, weights.WriteBytes);
        string scales = graph.Deferred($"{table.Name}_scale", DataType.Float, [table.Rows, 1], table.Rows * sizeof(float), weights.WriteScales);
        string rows = graph.Node("Gather", graph.Claim($"{table.Name}/stored"), [bytes, ids]);
        string values = graph.Node("Cast", graph.Claim($"{table.Name}/cast"), [rows], OnnxAttribute.Integer("to", (int)DataType.Float));
        string factors = graph.Node("Gather", graph.Claim($"{table.Name}/factors"), [scales, ids]);
        return graph.Node("Mul", graph.Claim($"{table.Name}/rows"), [values, factors]);
    }

    private void WriteBytes(Stream stream)
    {
        int columns = _table.Columns, chunk = Math.Clamp(ChunkNumbers / columns, 1, _table.Rows);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(chunk * columns);
        for (int first = 0; first < _table.Rows; first += chunk)
        {
            int start = first, count = Math.Min(chunk, _table.Rows - first);
            RowGroups.ForEach(_table, start, count, (row, numbers) => Round(row, numbers, bytes.AsSpan((row - start) * columns)));
            stream.Write(bytes, 0, count * columns);
        }

        ArrayPool<byte>.Shared.Return(bytes);
    }

    private void Round(int first, ReadOnlySpan<float> rows, Span<byte> bytes)
    {
        int columns = _table.Columns;
        for (int i = 0; i * columns < rows.Length; i++)
        {
            if (!ByteQuantizer.TryQuantize(rows.Slice(i * columns, columns), sbyte.MaxValue, bytes.Slice(i * columns, columns), out _scales[first + i]))
            {
                throw BlockWeights.NotFinite(_table, first + i);
            }
        }
    }

    private void WriteScales(Stream stream) => stream.Write(MemoryMarshal.AsBytes(_scales.AsSpan()));
}

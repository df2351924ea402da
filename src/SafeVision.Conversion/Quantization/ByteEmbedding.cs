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
    private int _broken = -1; // a row that can't be rounded

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
        byte[] bytes = new byte[chunk * columns];
        for (int first = 0; first < _table.Rows; first += chunk)
        {
            int start = first, count = Math.Min(chunk, _table.Rows - first);
            Parallel.For(
                0, count, () => new float[columns],
                (row, _, numbers) =>
                {
                    Round(start + row, numbers, bytes.AsSpan(row * columns, columns));
                    return numbers;
                },
                _ => { });
            if (_broken >= 0)
            {
                throw BlockWeights.NotFinite(_table, _broken);
            }

            stream.Write(bytes, 0, count * columns);
        }

        _table.Release();
    }

    private void Round(int row, float[] numbers, Span<byte> bytes)
    {
        _table.ReadRows(row, numbers);
        if (!ByteQuantizer.TryQuantize(numbers, sbyte.MaxValue, bytes, out _scales[row]))
        {
            Volatile.Write(ref _broken, row);
        }
    }

    private void WriteScales(Stream stream) => stream.Write(MemoryMarshal.AsBytes(_scales.AsSpan()));
}

using System.Runtime.InteropServices;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Quantization;

/// <summary>
/// Linear layers whose weights are signed bytes with a scale for each output, and whose inputs are rounded to bytes when
/// they arrive, all with one scale: ONNX Runtime's DynamicQuantizeMatMul.
/// </summary>
internal sealed class DynamicMatMul
{
    // Processors without VNNI add two products of an unsigned and a signed byte in 16 bits, which must not overflow
    // (onnxruntime.ai/docs/performance/model-optimizations/quantization.html, "reduce_range").
    private const int Largest = 63;

    private const int RowsAtOnce = 64; // a cache line of the transposed matrix

    private readonly WeightMatrix _matrix;
    private readonly float[] _scales;
    private int _broken = -1; // a row that can't be rounded

    private DynamicMatMul(WeightMatrix matrix) => (_matrix, _scales) = (matrix, new float[matrix.Rows]);

    public static string Add(OnnxGraph graph, LinearLayer layer, string input)
    {
        var weights = new DynamicMatMul(layer.Weight);
        int rows = layer.Weight.Rows;
        string bytes = graph.Deferred($"{layer.Name}.weight_quantized", DataType.Int8, [layer.Weight.Columns, rows], layer.Weight.Count, weights.WriteBytes);
        string scales = graph.Deferred($"{layer.Name}.weight_scale", DataType.Float, [rows], rows * sizeof(float), weights.WriteScales);
        string[] inputs = layer.Bias is null
            ? [input, bytes, scales]
            : [input, bytes, scales, "", graph.Singles($"{layer.Name}.bias", layer.Bias, layer.Bias.Length)];
        return graph.RuntimeNode("DynamicQuantizeMatMul", graph.Claim($"{layer.Name}/product"), inputs);
    }

    // The operator wants [in, out], so the whole matrix, a byte for each number, is turned over in memory.
    private void WriteBytes(Stream stream)
    {
        int rows = _matrix.Rows, columns = _matrix.Columns;
        byte[] turned = new byte[_matrix.Count];
        Parallel.For(
            0, (rows + RowsAtOnce - 1) / RowsAtOnce, () => (Numbers: new float[columns], Bytes: new byte[RowsAtOnce * columns]),
            (group, _, buffers) =>
            {
                int first = group * RowsAtOnce, count = Math.Min(RowsAtOnce, rows - first);
                for (int row = 0; row < count; row++)
                {
                    Round(first + row, buffers.Numbers, buffers.Bytes.AsSpan(row * columns, columns));
                }

                ByteTransposition.Transpose(buffers.Bytes, count, columns, turned.AsSpan(first), rows);
                return buffers;
            },
            _ => { });
        _matrix.Release();
        if (_broken >= 0)
        {
            throw BlockWeights.NotFinite(_matrix, _broken);
        }

        stream.Write(turned);
    }

    private void Round(int row, float[] numbers, Span<byte> bytes)
    {
        _matrix.ReadRows(row, numbers);
        if (!ByteQuantizer.TryQuantize(numbers, Largest, bytes, out _scales[row]))
        {
            Volatile.Write(ref _broken, row);
        }
    }

    private void WriteScales(Stream stream) => stream.Write(MemoryMarshal.AsBytes(_scales.AsSpan()));
}

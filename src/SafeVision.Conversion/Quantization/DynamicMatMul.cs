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
        sbyte[] turned = new sbyte[_matrix.Count];
        Parallel.For(
            0, (rows + RowsAtOnce - 1) / RowsAtOnce, () => new float[RowsAtOnce * columns],
            (group, _, numbers) =>
            {
                int first = group * RowsAtOnce, count = Math.Min(RowsAtOnce, rows - first);
                Span<float> values = numbers.AsSpan(0, count * columns);
                _matrix.ReadRows(first, values);
                for (int row = 0; row < count; row++)
                {
                    if (!ByteQuantizer.TryQuantize(values.Slice(row * columns, columns), Largest, out _scales[first + row]))
                    {
                        Volatile.Write(ref _broken, first + row);
                    }
                }

                for (int column = 0; column < columns; column++)
                {
                    Span<sbyte> target = turned.AsSpan((column * rows) + first, count);
                    for (int row = 0; row < count; row++)
                    {
                        target[row] = (sbyte)values[(row * columns) + column];
                    }
                }

                return numbers;
            },
            _ => { });
        if (_broken >= 0)
        {
            throw BlockWeights.NotFinite(_matrix, _broken);
        }

        stream.Write(MemoryMarshal.AsBytes(turned.AsSpan()));
    }

    private void WriteScales(Stream stream) => stream.Write(MemoryMarshal.AsBytes(_scales.AsSpan()));
}

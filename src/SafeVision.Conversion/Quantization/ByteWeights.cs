namespace SafeVision.Conversion.Quantization;

/// <summary>Linear layers whose weights are signed bytes with a scale for each output, and whose inputs are rounded to
/// bytes when they arrive, all with one scale: ONNX Runtime's DynamicQuantizeMatMul.</summary>
internal sealed class DynamicMatMul
{
    // Processors without VNNI add two products of an unsigned and a signed byte in 16 bits, which must not overflow
    // (onnxruntime.ai/docs/performance/model-optimizations/quantization.html, "reduce_range").
    private const int Largest = 63;

    private const int RowsAtOnce = 64; // a cache line of the transposed matrix

    private readonly WeightMatrix _matrix;
    private readonly float[] _scales;

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

    /// <summary>The same with a scale for each row of the input: rows are divided by their largest number before, and
    /// the products multiplied by it. A token of very large numbers then coarsens no other.</summary>
    public static string AddByRow(OnnxGraph graph, LinearLayer layer, string input)
    {
        string axis = graph.Integers($"{layer.Name}/rows/axis", [-1], 1), nothing = graph.Singles($"{layer.Name}/rows/nothing", [1e-30f]); // a row of zeros stays one
        string least = graph.Node("ReduceMin", graph.Claim($"{layer.Name}/rows/least"), [input, axis]);
        string most = graph.Node("ReduceMax", graph.Claim($"{layer.Name}/rows/most"), [input, axis]);
        string size = graph.Node("Max", graph.Claim($"{layer.Name}/rows/size"), [most, graph.Node("Neg", graph.Claim($"{layer.Name}/rows/lowest"), [least]), nothing]);
        string product = Add(graph, layer with { Bias = null }, graph.Node("Div", graph.Claim($"{layer.Name}/rows"), [input, size]));
        string scaled = graph.Node("Mul", graph.Claim($"{layer.Name}/scaled"), [product, size]);
        return layer.Bias is null
            ? scaled
            : graph.Node("Add", graph.Claim($"{layer.Name}/biased"), [scaled, graph.Singles($"{layer.Name}.bias", layer.Bias, layer.Bias.Length)]);
    }

    // The operator wants [in, out], so the whole matrix, a byte for each number, is turned over in memory.
    private void WriteBytes(Stream stream)
    {
        int rows = _matrix.Rows, length = checked((int)_matrix.Count);
        byte[] turned = ArrayPool<byte>.Shared.Rent(length);
        RowGroups.ForEach(_matrix, 0, rows, (first, numbers) => Round(first, numbers, turned.AsSpan(first, length - first)), RowsAtOnce);
        stream.Write(turned, 0, length);
        ArrayPool<byte>.Shared.Return(turned);
    }

    private void Round(int first, ReadOnlySpan<float> rows, Span<byte> turned)
    {
        int columns = _matrix.Columns, count = rows.Length / columns;
        byte[] bytes = ArrayPool<byte>.Shared.Rent(rows.Length);
        for (int i = 0; i < count; i++)
        {
            if (!ByteQuantizer.TryQuantize(rows.Slice(i * columns, columns), Largest, bytes.AsSpan(i * columns, columns), out _scales[first + i]))
            {
                throw BlockWeights.NotFinite(_matrix, first + i);
            }
        }

        ByteTransposition.Transpose(bytes, count, columns, turned, _matrix.Rows);
        ArrayPool<byte>.Shared.Return(bytes);
    }

    private void WriteScales(Stream stream) => stream.Write(MemoryMarshal.AsBytes(_scales.AsSpan()));
}

/// <summary>A table of signed bytes with a scale for each row; only the rows that are looked up become float32.</summary>
internal sealed class ByteEmbedding
{
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

    private void WriteBytes(Stream stream) => RowGroups.Write(_table, _table.Columns, Round, stream);

    private void Round(int row, ReadOnlySpan<float> numbers, Span<byte> bytes)
    {
        if (!ByteQuantizer.TryQuantize(numbers, sbyte.MaxValue, bytes, out _scales[row]))
        {
            throw BlockWeights.NotFinite(_table, row);
        }
    }

    private void WriteScales(Stream stream) => stream.Write(MemoryMarshal.AsBytes(_scales.AsSpan()));
}

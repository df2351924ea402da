namespace SafeVision.Conversion.Quantization;

/// <summary>How the rows of a matrix are cut into blocks of few bits with a scale each: <c>w = (q - zero) · scale</c>, as ONNX
/// Runtime's MatMulNBits has it (its docs/ContribOperators.md), where zero is 2^(bits-1), or a number of each block. The
/// last block of a row is filled up with zeros.</summary>
/// <param name="Bits">4 or 8 for each number; of two that share a byte, the first is in the lower half.</param>
/// <param name="BlockSize">The numbers of a block: a power of two from 16 to <see cref="LargestBlock"/>.</param>
internal readonly record struct BlockFormat(int Bits, int BlockSize)
{
    /// <summary>The most numbers that a block may have.</summary>
    public const int LargestBlock = 256;

    /// <summary>The blocks of a row.</summary>
    public int Blocks(int columns) => (columns + BlockSize - 1) / BlockSize;

    /// <summary>The bytes of a block.</summary>
    public int BlockBytes => BlockSize * Bits / 8;

    /// <summary>The bytes of a row, without its scales.</summary>
    public int RowBytes(int columns) => Blocks(columns) * BlockBytes;

    /// <summary>Whether each block says what stands for zero. In long ones half a byte is a small price for what it lessens the error by.</summary>
    public bool HasZeroPoints => Bits == 4 && BlockSize > 32;

    /// <summary>The bytes of a row's zero points; of two that share a byte, the first is in the lower half.</summary>
    public int ZeroBytes(int columns) => HasZeroPoints ? (Blocks(columns) + 1) / 2 : 0;
}

/// <summary>Linear layers whose weights are blocks: ONNX Runtime's MatMulNBits.</summary>
internal static class BlockMatMul
{
    private const int RoundActivations = 4; // multiplies in int8, the activations rounded block by block

    public static string Add(OnnxGraph graph, LinearLayer layer, BlockFormat format, string input)
    {
        string[] inputs = [input, .. BlockWeights.Add(graph, $"{layer.Name}.weight", layer.Weight, format)];
        if (layer.Bias is not null)
        {
            inputs = [.. inputs, .. Enumerable.Repeat("", 5 - inputs.Length), graph.Singles($"{layer.Name}.bias", layer.Bias, layer.Bias.Length)];
        }

        return graph.RuntimeNode(
            "MatMulNBits", graph.Claim($"{layer.Name}/product"), inputs,
            OnnxAttribute.Integer("K", layer.Weight.Columns), OnnxAttribute.Integer("N", layer.Weight.Rows),
            OnnxAttribute.Integer("bits", format.Bits), OnnxAttribute.Integer("block_size", format.BlockSize),
            OnnxAttribute.Integer("accuracy_level", RoundActivations));
    }

    /// <summary>The same, of which some outputs are computed once more from finer blocks.</summary>
    /// <param name="format">How most of its rows are packed.</param>
    /// <param name="input">What it takes, [..., columns].</param>
    /// <param name="rows">The outputs' rows; those that the layer lacks are left out.</param>
    /// <param name="fine">How these are packed.</param>
    public static string Add(OnnxGraph graph, LinearLayer layer, BlockFormat format, string input, IReadOnlyList<int> rows, BlockFormat fine)
    {
        string all = Add(graph, layer, format, input), name = $"{layer.Name}/fine";
        int[] own = [.. rows.Where(row => row < layer.Weight.Rows).Distinct().Order()];
        if (own.Length == 0)
        {
            return all;
        }

        WeightMatrix weight = WeightMatrix.Stack(name, [.. own.Select(row => layer.Weight.Slice(name, row, 1))]);
        string some = Add(graph, layer with { Name = name, Weight = weight, Bias = layer.Bias is { } bias ? [.. own.Select(row => bias[row])] : null }, fine, input);
        string places = graph.Integers($"{name}/places", [.. own.Select(row => (long)row)], own.Length);
        string each = graph.Node("Expand", graph.Claim($"{name}/each"), [places, graph.Node("Shape", graph.Claim($"{name}/shape"), [some])]);
        return graph.Node("ScatterElements", graph.Claim($"{layer.Name}/finer"), [all, each, some], OnnxAttribute.Integer("axis", -1));
    }
}

/// <summary>A matrix that is rounded to blocks while the file is written. Its rows are shared out among the processor's
/// cores, a few megabytes at a time; of the whole matrix only scales and zero points are held, until they are written behind
/// it.</summary>
internal sealed class BlockWeights
{
    private readonly WeightMatrix _matrix;
    private readonly BlockFormat _format;
    private float[] _scales = [];
    private byte[] _zeros = [];

    private BlockWeights(WeightMatrix matrix, BlockFormat format) => (_matrix, _format) = (matrix, format);

    private int ScalesPerRow => _format.Blocks(_matrix.Columns);

    private int ZeroBytesPerRow => _format.ZeroBytes(_matrix.Columns);

    /// <summary>Adds the blocks, <c>[rows, blocks, bytes]</c>, their scales, <c>[rows, blocks]</c>, and their zero points, where there are some.</summary>
    /// <returns>The names of these initializers.</returns>
    public static string[] Add(OnnxGraph graph, string name, WeightMatrix matrix, BlockFormat format)
    {
        var weights = new BlockWeights(matrix, format);
        int blocks = format.Blocks(matrix.Columns);
        string packed = graph.Deferred($"{name}_Q{format.Bits}", DataType.Uint8, [matrix.Rows, blocks, format.BlockBytes], (long)matrix.Rows * format.RowBytes(matrix.Columns), weights.WriteBlocks);
        string scales = graph.Deferred($"{name}_scales", DataType.Float, [matrix.Rows, blocks], (long)matrix.Rows * blocks * sizeof(float), weights.WriteScales);
        int bytes = format.ZeroBytes(matrix.Columns);
        return format.HasZeroPoints
            ? [packed, scales, graph.Deferred($"{name}_zero_points", DataType.Uint8, [matrix.Rows, bytes], (long)matrix.Rows * bytes, weights.WriteZeros)]
            : [packed, scales];
    }

    private void WriteBlocks(Stream stream)
    {
        _scales = ArrayPool<float>.Shared.Rent(_matrix.Rows * ScalesPerRow);
        _zeros = _format.HasZeroPoints ? ArrayPool<byte>.Shared.Rent(_matrix.Rows * ZeroBytesPerRow) : [];
        RowGroups.Write(_matrix, _format.RowBytes(_matrix.Columns), Round, stream);
    }

    /// <summary>What to say of a weight that is no number.</summary>
    public static CheckpointException NotFinite(WeightMatrix matrix, int row) =>
        new($"Tensor '{matrix.Name}' has a number in row {row} that is infinite or none, which can't be rounded; the checkpoint is damaged.");

    private void Round(int row, ReadOnlySpan<float> numbers, Span<byte> packed)
    {
        if (!BlockQuantizer.TryQuantize(numbers, _format, packed, _scales.AsSpan(row * ScalesPerRow, ScalesPerRow), _zeros.AsSpan(row * ZeroBytesPerRow, ZeroBytesPerRow)))
        {
            throw NotFinite(_matrix, row);
        }
    }

    private void WriteScales(Stream stream)
    {
        stream.Write(MemoryMarshal.AsBytes(_scales.AsSpan(0, _matrix.Rows * ScalesPerRow)));
        ArrayPool<float>.Shared.Return(_scales);
        _scales = [];
    }

    private void WriteZeros(Stream stream)
    {
        stream.Write(_zeros, 0, _matrix.Rows * ZeroBytesPerRow);
        ArrayPool<byte>.Shared.Return(_zeros);
        _zeros = [];
    }
}

namespace SafeVision.Conversion.Quantization;

/// <summary>How the rows of a matrix are cut into blocks of few bits with a scale each: <c>w = (q - 2^(bits-1)) ·
/// scale</c>, the default of ONNX Runtime's MatMulNBits and GatherBlockQuantized (its docs/ContribOperators.md). The
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
}

/// <summary>Linear layers whose weights are blocks: ONNX Runtime's MatMulNBits.</summary>
internal static class BlockMatMul
{
    private const int RoundActivations = 4; // multiplies in int8, the activations rounded block by block

    public static string Add(OnnxGraph graph, LinearLayer layer, BlockFormat format, string input)
    {
        (string blocks, string scales) = BlockWeights.Add(graph, $"{layer.Name}.weight", layer.Weight, format);
        string[] inputs = layer.Bias is null
            ? [input, blocks, scales]
            : [input, blocks, scales, "", "", graph.Singles($"{layer.Name}.bias", layer.Bias, layer.Bias.Length)];
        return graph.RuntimeNode(
            "MatMulNBits", graph.Claim($"{layer.Name}/product"), inputs,
            OnnxAttribute.Integer("K", layer.Weight.Columns), OnnxAttribute.Integer("N", layer.Weight.Rows),
            OnnxAttribute.Integer("bits", format.Bits), OnnxAttribute.Integer("block_size", format.BlockSize),
            OnnxAttribute.Integer("accuracy_level", RoundActivations));
    }

    /// <summary>The same, of which some outputs are computed once more from finer blocks.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="layer">The layer.</param>
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
/// cores, a few megabytes at a time; of the whole matrix only the scales are held, until they are written behind
/// it.</summary>
internal sealed class BlockWeights
{
    private readonly WeightMatrix _matrix;
    private readonly BlockFormat _format;
    private float[] _scales = [];

    private BlockWeights(WeightMatrix matrix, BlockFormat format) => (_matrix, _format) = (matrix, format);

    private int ScalesPerRow => _format.Blocks(_matrix.Columns);

    /// <summary>Adds the blocks, <c>[rows, blocks, bytes]</c>, and their scales, <c>[rows, blocks]</c>.</summary>
    /// <param name="matrix">The numbers.</param>
    /// <param name="flat">Whether a row's blocks are one dimension, as the look-up of rows wants them.</param>
    /// <returns>The names of the two initializers.</returns>
    public static (string Blocks, string Scales) Add(OnnxGraph graph, string name, WeightMatrix matrix, BlockFormat format, bool flat = false)
    {
        var weights = new BlockWeights(matrix, format);
        int blocks = format.Blocks(matrix.Columns);
        int[] shape = flat ? [matrix.Rows, format.RowBytes(matrix.Columns)] : [matrix.Rows, blocks, format.BlockBytes];
        return (
            graph.Deferred($"{name}_Q{format.Bits}", DataType.Uint8, shape, (long)matrix.Rows * format.RowBytes(matrix.Columns), weights.WriteBlocks),
            graph.Deferred($"{name}_scales", DataType.Float, [matrix.Rows, blocks], (long)matrix.Rows * blocks * sizeof(float), weights.WriteScales));
    }

    private void WriteBlocks(Stream stream)
    {
        _scales = ArrayPool<float>.Shared.Rent(_matrix.Rows * ScalesPerRow);
        RowGroups.Write(_matrix, _format.RowBytes(_matrix.Columns), Round, stream);
    }

    /// <summary>What to say of a weight that is no number.</summary>
    public static CheckpointException NotFinite(WeightMatrix matrix, int row) =>
        new($"Tensor '{matrix.Name}' has a number in row {row} that is infinite or none, which can't be rounded; the checkpoint is damaged.");

    private void Round(int row, ReadOnlySpan<float> numbers, Span<byte> packed)
    {
        if (!BlockQuantizer.TryQuantize(numbers, _format, packed, _scales.AsSpan(row * ScalesPerRow, ScalesPerRow)))
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
}

using System.Runtime.InteropServices;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Quantization;

/// <summary>
/// A matrix that is rounded to blocks while the file is written. Its rows are shared out among the processor's cores, a few
/// megabytes at a time; of the whole matrix only the scales are held, until they are written behind it.
/// </summary>
internal sealed class BlockWeights
{
    private const int ChunkNumbers = 1 << 22;

    private readonly WeightMatrix _matrix;
    private readonly BlockFormat _format;
    private float[]? _scales;
    private int _broken = -1; // a row that can't be rounded

    private BlockWeights(WeightMatrix matrix, BlockFormat format) => (_matrix, _format) = (matrix, format);

    private int ScalesPerRow => _format.Blocks(_matrix.Columns);

    /// <summary>Adds the blocks, <c>[rows, blocks, bytes]</c>, and their scales, <c>[rows, blocks]</c>.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">What the initializers' names start with.</param>
    /// <param name="matrix">The numbers.</param>
    /// <param name="format">How they are packed.</param>
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
        _scales = new float[(long)_matrix.Rows * ScalesPerRow];
        int rowBytes = _format.RowBytes(_matrix.Columns), chunk = Math.Clamp(ChunkNumbers / _matrix.Columns, 1, _matrix.Rows);
        byte[] packed = new byte[chunk * rowBytes];
        for (int first = 0; first < _matrix.Rows; first += chunk)
        {
            int start = first, count = Math.Min(chunk, _matrix.Rows - first);
            Parallel.For(
                0, count, () => new float[_matrix.Columns],
                (row, _, numbers) =>
                {
                    Round(start + row, numbers, packed.AsSpan(row * rowBytes, rowBytes));
                    return numbers;
                },
                _ => { });
            if (_broken >= 0)
            {
                throw NotFinite(_matrix, _broken);
            }

            stream.Write(packed, 0, count * rowBytes);
        }

        _matrix.Release();
    }

    /// <summary>What to say of a weight that is no number.</summary>
    public static CheckpointException NotFinite(WeightMatrix matrix, int row) =>
        new($"Tensor '{matrix.Name}' has a number in row {row} that is infinite or none, which can't be rounded; the checkpoint is damaged.");

    // Exceptions of several threads would arrive as one of another type.
    private void Round(int row, float[] numbers, Span<byte> packed)
    {
        _matrix.ReadRows(row, numbers);
        if (!BlockQuantizer.TryQuantize(numbers, _format, packed, _scales.AsSpan(row * ScalesPerRow, ScalesPerRow)))
        {
            Volatile.Write(ref _broken, row);
        }
    }

    private void WriteScales(Stream stream)
    {
        stream.Write(MemoryMarshal.AsBytes(_scales.AsSpan()));
        _scales = null;
    }
}

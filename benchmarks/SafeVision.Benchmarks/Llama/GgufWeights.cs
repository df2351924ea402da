using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Quantization;

namespace SafeVision.Benchmarks.Llama;

/// <summary>The weights of a checkpoint in llama.cpp's blocks (ggml-common.h), rounded as the converter rounds them.</summary>
internal static class GgufWeights
{
    private const int Block = 32;

    public static GgufTensor Vector(string name, float[] values) =>
        new(name, GgufType.Single, 0, values.Length, stream => stream.Write(MemoryMarshal.AsBytes<float>(values)));

    /// <param name="name">The name in the file.</param>
    /// <param name="matrix">The numbers; a row must be a whole number of blocks.</param>
    /// <param name="type">4 or 8 bits, or float16.</param>
    public static GgufTensor Matrix(string name, WeightMatrix matrix, GgufType type) => type == GgufType.Half
        ? new(name, type, matrix.Rows, matrix.Columns, stream => WriteHalf(matrix, stream))
        : matrix.Columns % Block == 0
        ? new(name, type, matrix.Rows, matrix.Columns, stream => Write(matrix, new BlockFormat(type == GgufType.Q4 ? 4 : 8, Block), stream))
        : throw new NotSupportedException($"'{name}' has rows of {matrix.Columns} numbers; llama.cpp's blocks have {Block}.");

    private static void WriteHalf(WeightMatrix matrix, Stream stream)
    {
        float[] numbers = new float[matrix.Columns];
        Half[] halves = new Half[matrix.Columns];
        for (int row = 0; row < matrix.Rows; row++)
        {
            matrix.ReadRows(row, numbers);
            TensorPrimitives.ConvertToHalf(numbers, halves);
            stream.Write(MemoryMarshal.AsBytes<Half>(halves));
        }
    }

    private static void Write(WeightMatrix matrix, BlockFormat format, Stream stream)
    {
        float[] numbers = new float[matrix.Columns], scales = new float[format.Blocks(matrix.Columns)];
        byte[] packed = new byte[format.RowBytes(matrix.Columns)], row = new byte[scales.Length * (sizeof(ushort) + format.BlockBytes)];
        for (int i = 0; i < matrix.Rows; i++)
        {
            matrix.ReadRows(i, numbers);
            if (!BlockQuantizer.TryQuantize(numbers, format, packed, scales, []))
            {
                throw new InvalidOperationException($"'{matrix.Name}' has a number in row {i} that is none.");
            }

            Span<byte> rest = row;
            for (int block = 0; block < scales.Length; block++)
            {
                ReadOnlySpan<byte> ours = packed.AsSpan(block * format.BlockBytes, format.BlockBytes);
                BinaryPrimitives.WriteHalfLittleEndian(rest, (Half)scales[block]);
                rest = rest[sizeof(ushort)..];
                for (int j = 0; j < ours.Length; j++)
                {
                    // Theirs of 4 bits has the numbers j and j + 16 in a byte, ours 2j and 2j + 1; theirs of 8 bits is signed.
                    rest[j] = format.Bits == 8 ? (byte)(ours[j] - 128) : (byte)(Number(ours, j) | (Number(ours, j + (Block / 2)) << 4));
                }

                rest = rest[ours.Length..];
            }

            stream.Write(row);
        }

        static int Number(ReadOnlySpan<byte> bytes, int i) => (bytes[i / 2] >> (4 * (i % 2))) & 15;
    }
}

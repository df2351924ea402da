using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace SafeVision.Conversion.Quantization;

/// <summary>Turns matrices of bytes over, eight by eight.</summary>
internal static class ByteTransposition
{
    private const int Side = 8;

    /// <summary>Writes the columns of a matrix as rows.</summary>
    /// <param name="source">[rows, columns], without gaps.</param>
    /// <param name="rows">How many rows it has.</param>
    /// <param name="columns">How many columns it has.</param>
    /// <param name="target">[columns, rows], the rows a stride apart.</param>
    /// <param name="stride">At least <paramref name="rows"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(ReadOnlySpan<byte> source, int rows, int columns, Span<byte> target, int stride)
    {
        int wholeRows = rows - (rows % Side), wholeColumns = columns - (columns % Side);
        Span<ulong> block = stackalloc ulong[Side];
        for (int column = 0; column < wholeColumns; column += Side)
        {
            for (int row = 0; row < wholeRows; row += Side)
            {
                for (int i = 0; i < Side; i++)
                {
                    block[i] = BinaryPrimitives.ReadUInt64LittleEndian(source[(((row + i) * columns) + column)..]);
                }

                Turn(block);
                for (int i = 0; i < Side; i++)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(target[(((column + i) * stride) + row)..], block[i]);
                }
            }
        }

        for (int row = 0; row < rows; row++)
        {
            for (int column = row < wholeRows ? wholeColumns : 0; column < columns; column++)
            {
                target[(column * stride) + row] = source[(row * columns) + column];
            }
        }
    }

    /// <summary>Eight rows of eight bytes: halves change places, then quarters, then single bytes (Warren, Hacker's Delight, 7-3).</summary>
    private static void Turn(Span<ulong> rows)
    {
        for (int i = 0; i < 4; i++)
        {
            Exchange(ref rows[i], ref rows[i + 4], 32, 0x00000000FFFFFFFF);
        }

        for (int i = 0; i < Side; i += i % 4 == 1 ? 3 : 1)
        {
            Exchange(ref rows[i], ref rows[i + 2], 16, 0x0000FFFF0000FFFF);
        }

        for (int i = 0; i < Side; i += 2)
        {
            Exchange(ref rows[i], ref rows[i + 1], 8, 0x00FF00FF00FF00FF);
        }
    }

    private static void Exchange(ref ulong upper, ref ulong lower, int shift, ulong mask)
    {
        ulong difference = ((upper >> shift) ^ lower) & mask;
        lower ^= difference;
        upper ^= difference << shift;
    }
}

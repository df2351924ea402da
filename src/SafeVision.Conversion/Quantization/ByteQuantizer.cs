using System.Runtime.Intrinsics;

namespace SafeVision.Conversion.Quantization;

/// <summary>Rounds rows of numbers to whole numbers that fit a signed byte.</summary>
internal static class ByteQuantizer
{
    /// <summary>Rounds one row.</summary>
    /// <param name="largest">What the largest magnitude of the row becomes, at most 127.</param>
    /// <param name="bytes">Takes the whole numbers, signed.</param>
    /// <param name="scale">What they are to be multiplied by.</param>
    /// <returns>False where a number is not finite.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first row on: a conversion is over before the runtime would see that it pays
    public static bool TryQuantize(ReadOnlySpan<float> row, int largest, Span<byte> bytes, out float scale)
    {
        scale = LargestMagnitude(row) / largest;
        if (!float.IsFinite(scale))
        {
            return false;
        }

        if (scale < 1e-37f) // its inverse would overflow; such numbers are as good as zero
        {
            bytes.Clear();
            scale = 1;
            return true;
        }

        Span<sbyte> signed = MemoryMarshal.Cast<byte, sbyte>(bytes);
        float inverse = 1 / scale;
        Vector256<float> factor = Vector256.Create(inverse);
        int i = 0;
        for (; i <= row.Length - 32; i += 32)
        {
            Vector256<short> low = Vector256.Narrow(Round(row, i, factor), Round(row, i + 8, factor));
            Vector256<short> high = Vector256.Narrow(Round(row, i + 16, factor), Round(row, i + 24, factor));
            Vector256.Narrow(low, high).CopyTo(signed[i..]);
        }

        for (; i < row.Length; i++)
        {
            signed[i] = (sbyte)MathF.Round(row[i] * inverse);
        }

        return true;
    }

    /// <summary>NaN where a number is not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float LargestMagnitude(ReadOnlySpan<float> row)
    {
        Vector256<float> most = default, check = default;
        int i = 0;
        for (; i <= row.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Vector256<float> x = Vector256.Create(row[i..]);
            most = Vector256.MaxNative(most, Vector256.Abs(x));
            check += x - x; // 0, but NaN for NaN and infinities
        }

        float result = Vector256.Sum(check);
        for (int lane = 0; lane < Vector256<float>.Count; lane++)
        {
            result = MathF.Max(result, most[lane]);
        }

        for (; i < row.Length; i++)
        {
            result = MathF.Max(result, MathF.Abs(row[i]));
        }

        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(ReadOnlySpan<float> row, int start, Vector256<float> factor) =>
        Vector256.ConvertToInt32Native(Vector256.Round(Vector256.Create(row[start..]) * factor));
}

/// <summary>Turns matrices of bytes over, eight by eight.</summary>
internal static class ByteTransposition
{
    private const int Side = 8;

    /// <summary>Writes the columns of a matrix as rows.</summary>
    /// <param name="source">[rows, columns], without gaps.</param>
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

using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace SafeVision.Conversion.Quantization;

/// <summary>
/// Rounds rows of numbers to blocks of 4 or 8 bits. 4 bits start from rounding to nearest with the scale that brings the
/// number of the largest magnitude, sign and all, to -8; other scales are tried then, and the one of the least squared
/// error stays. (The search over scales with the best factor for each in closed form is that of llama.cpp's
/// ggml-quants.c, make_qx_quants, MIT.) All arithmetic is in float32 by lanes of eight, so every machine gets the same bits.
/// </summary>
internal static class BlockQuantizer
{
    private const int Lanes = 8;

    // What the number of the largest magnitude is brought to, besides -8; below that it is cut off, for the sake of the
    // others. A hundred and twenty values, of either sign, lower the error of normal and of heavy-tailed numbers by less than
    // one part in a hundred more.
    private static readonly float[] s_extremes = [-8.6f, -9.4f, -7.3f];

    /// <summary>Rounds one row.</summary>
    /// <param name="row">The numbers.</param>
    /// <param name="format">How they are packed.</param>
    /// <param name="packed">Takes <see cref="BlockFormat.RowBytes"/> bytes.</param>
    /// <param name="scales">Takes one scale for each block.</param>
    /// <param name="search">Whether other scales than that of rounding to nearest are tried.</param>
    /// <returns>False where a number is not finite.</returns>
    public static bool TryQuantize(ReadOnlySpan<float> row, BlockFormat format, Span<byte> packed, Span<float> scales, bool search = true)
    {
        scoped Span<float> padded = stackalloc float[BlockFormat.LargestBlock];
        int size = format.BlockSize;
        for (int i = 0; i < scales.Length; i++)
        {
            scoped ReadOnlySpan<float> block = row[(i * size)..];
            if (block.Length >= size)
            {
                block = block[..size];
            }
            else
            {
                padded.Clear();
                block.CopyTo(padded);
                block = padded[..size];
            }

            if (!TryFindExtreme(block, out float extreme))
            {
                return false;
            }

            Span<byte> bytes = packed.Slice(i * format.BlockBytes, format.BlockBytes);
            if (format.Bits == 8)
            {
                scales[i] = Usable(MathF.Abs(extreme) / sbyte.MaxValue);
                Pack8(block, scales[i], bytes);
                continue;
            }

            float nearest = Usable(extreme / -8);
            scales[i] = search && nearest != 0 ? Search(block, extreme, nearest) : nearest;
            Pack4(block, scales[i], bytes);
        }

        return true;
    }

    /// <summary>The sum of squared differences that rounding a block to 4 bits with a scale makes.</summary>
    private static float SquaredError(ReadOnlySpan<float> block, float scale)
    {
        Vector256<float> factor = Vector256.Create(scale), inverse = Vector256.Create(1 / scale), sum = default;
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<float> x = Vector256.Create(block[i..]);
            Vector256<float> difference = x - (Round4(x * inverse) * factor);
            sum += difference * difference;
        }

        return Vector256.Sum(sum);
    }

    private static float Search(ReadOnlySpan<float> block, float extreme, float nearest)
    {
        // For rounded numbers q the best scale is s = Σxq / Σq², which leaves Σx² - (Σxq)² / Σq².
        (float best, float explained) = Fit(block, -8 / extreme);
        foreach (float target in s_extremes)
        {
            (float scale, float part) = Fit(block, target / extreme);
            if (part > explained)
            {
                (best, explained) = (scale, part);
            }
        }

        best = Usable(Fit(block, 1 / best).Scale); // some numbers fall differently with the scale that was fitted
        return best != 0 && SquaredError(block, best) < SquaredError(block, nearest) ? best : nearest;
    }

    private static (float Scale, float Explained) Fit(ReadOnlySpan<float> block, float inverse)
    {
        Vector256<float> factor = Vector256.Create(inverse), products = default, squares = default;
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<float> x = Vector256.Create(block[i..]), q = Round4(x * factor);
            products += x * q;
            squares += q * q;
        }

        float product = Vector256.Sum(products), square = Vector256.Sum(squares);
        return (product / square, product / square * product);
    }

    private static Vector256<float> Round4(Vector256<float> x) =>
        Vector256.Min(Vector256.Max(Vector256.Round(x), Vector256.Create(-8f)), Vector256.Create(7f));

    private static void Pack4(ReadOnlySpan<float> block, float scale, Span<byte> packed)
    {
        Vector256<float> inverse = Vector256.Create(scale == 0 ? 0 : 1 / scale);
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<int> q = Vector256.ConvertToInt32(Round4(Vector256.Create(block[i..]) * inverse) + Vector256.Create(8f));
            BinaryPrimitives.WriteInt32LittleEndian(packed[(i / 2)..], Gather4(q));
        }
    }

    /// <summary>Eight numbers of 4 bits, the first in the lowest.</summary>
    private static int Gather4(Vector256<int> q) =>
        Vector256.Sum(q * Vector256.Create(1, 1 << 4, 1 << 8, 1 << 12, 1 << 16, 1 << 20, 1 << 24, 1 << 28));

    private static void Pack8(ReadOnlySpan<float> block, float scale, Span<byte> packed)
    {
        Vector256<float> inverse = Vector256.Create(scale == 0 ? 0 : 1 / scale);
        for (int i = 0; i < block.Length; i += 2 * Lanes)
        {
            Vector256<int> low = Vector256.ConvertToInt32(Vector256.Round(Vector256.Create(block[i..]) * inverse));
            Vector256<int> high = Vector256.ConvertToInt32(Vector256.Round(Vector256.Create(block[(i + Lanes)..]) * inverse));
            Vector256<short> both = Vector256.Narrow(low, high) + Vector256.Create((short)128);
            Vector128.Narrow(both.GetLower().AsUInt16(), both.GetUpper().AsUInt16()).CopyTo(packed[i..]);
        }
    }

    /// <summary>The number of the largest magnitude; false where one is not finite.</summary>
    private static bool TryFindExtreme(ReadOnlySpan<float> block, out float extreme)
    {
        Vector256<float> least = default, most = default, check = default;
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<float> x = Vector256.Create(block[i..]);
            least = Vector256.Min(least, x);
            most = Vector256.Max(most, x);
            check += x - x; // 0, but NaN for NaN and infinities
        }

        float low = 0, high = 0;
        for (int i = 0; i < Lanes; i++)
        {
            low = MathF.Min(low, least[i]);
            high = MathF.Max(high, most[i]);
        }

        extreme = -low > high ? low : high;
        return Vector256.Sum(check) == 0;
    }

    // The inverse of a smaller scale would overflow; the numbers of such a block are as good as zero.
    private static float Usable(float scale) => MathF.Abs(scale) < 1e-37f ? 0 : scale;
}

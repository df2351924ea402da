using System.Runtime.Intrinsics;

namespace SafeVision.Conversion.Quantization;

/// <summary>Rounds rows of numbers to blocks of 4 or 8 bits. 4 bits start from rounding to nearest with the scale that
/// brings the number of the largest magnitude, sign and all, to -8; other scales are tried then, and the one of the
/// least squared error stays. (The search over scales with the best factor for each in closed form is that of
/// llama.cpp's ggml-quants.c, make_qx_quants, MIT.) All arithmetic is in float32 by lanes of eight, so every machine
/// gets the same bits. Blocks with a zero point choose the whole number that stands for zero by their least and their
/// largest number, and the scale in the same way.</summary>
internal static class BlockQuantizer
{
    private const int Lanes = 8;

    // What the number of the largest magnitude is brought to, besides -8; below that it is cut off, for the sake of the
    // others. A hundred and twenty values, of either sign, lower the error of normal and of heavy-tailed numbers by less than
    // one part in a hundred more.
    private const float FirstExtreme = -8.6f, SecondExtreme = -9.4f, ThirdExtreme = -7.3f;

    // With a zero point: what part of the numbers' range is not cut off, besides all of it. The neighbours of the zero point and
    // eight parts lower the error of normal and of heavy-tailed numbers by less than one part in two hundred more.
    private const float FirstPart = 0.92f, SecondPart = 0.84f, ThirdPart = 0.76f;
    private const int Middle = 8; // stands for zero where a block has no zero point of its own

    /// <summary>Rounds one row.</summary>
    /// <param name="packed">Takes <see cref="BlockFormat.RowBytes"/> bytes.</param>
    /// <param name="scales">Takes one scale for each block.</param>
    /// <param name="zeros">Takes <see cref="BlockFormat.ZeroBytes"/> bytes.</param>
    /// <param name="search">Whether other scales than that of rounding to nearest are tried.</param>
    /// <returns>False where a number is not finite.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first row on: a conversion is over before the runtime would see that it pays
    public static bool TryQuantize(ReadOnlySpan<float> row, BlockFormat format, Span<byte> packed, Span<float> scales, Span<byte> zeros, bool search = true)
    {
        zeros.Clear();
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

            if (!TryFindRange(block, out float low, out float high))
            {
                return false;
            }

            float extreme = -low > high ? low : high;
            Span<byte> bytes = packed.Slice(i * format.BlockBytes, format.BlockBytes);
            if (format.Bits == 8)
            {
                scales[i] = Usable(MathF.Abs(extreme) / sbyte.MaxValue);
                Pack8(block, scales[i], bytes);
                continue;
            }

            float nearest = Usable(extreme / -8);
            (scales[i], int zero) = (nearest, Middle);
            if (search && nearest != 0)
            {
                (scales[i], zero) = format.HasZeroPoints ? Search(block, low, high, nearest) : (Search(block, extreme, nearest), Middle);
            }

            if (format.HasZeroPoints)
            {
                zeros[i / 2] |= (byte)(zero << (4 * (i % 2)));
            }

            Pack4(block, scales[i], zero, bytes);
        }

        return true;
    }

    private static float Search(ReadOnlySpan<float> block, float extreme, float nearest)
    {
        float best = Refit(block, Fit4(block, Middle, extreme / -8, extreme / FirstExtreme, extreme / SecondExtreme, extreme / ThirdExtreme), Middle);
        return best != 0 && IsBetter(block, best, Middle, nearest) ? best : nearest;
    }

    /// <summary>The scale and the whole number that stands for zero; <paramref name="low"/> is at most and <paramref name="high"/> at least 0, and they differ.</summary>
    private static (float Scale, int Zero) Search(ReadOnlySpan<float> block, float low, float high, float nearest)
    {
        int zero = (int)MathF.Round(low / ((low / 15) - (high / 15))); // no difference of two numbers overflows
        float all = MathF.Max(zero < 15 ? high / (15 - zero) : 0, zero > 0 ? -low / zero : 0);
        float best = Refit(block, Fit4(block, zero, all, all * FirstPart, all * SecondPart, all * ThirdPart), zero);
        best = best == 0 ? 0 : Refit(block, best, zero);
        return best != 0 && IsBetter(block, best, zero, nearest) ? (best, zero) : (nearest, Middle);
    }

    /// <summary>The best scale for what the numbers are rounded to with one of four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Fit4(ReadOnlySpan<float> block, int zero, float scale0, float scale1, float scale2, float scale3)
    {
        // For rounded numbers q the best scale is s = Σxq / Σq², which leaves Σx² - (Σxq)² / Σq².
        Vector256<float> factor0 = Vector256.Create(1 / scale0), factor1 = Vector256.Create(1 / scale1);
        Vector256<float> factor2 = Vector256.Create(1 / scale2), factor3 = Vector256.Create(1 / scale3);
        var levels = new Levels(zero);
        Fit fit0 = default, fit1 = default, fit2 = default, fit3 = default;
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<float> x = Load(block, i);
            fit0 = fit0.Add(x, levels.Round(x * factor0));
            fit1 = fit1.Add(x, levels.Round(x * factor1));
            fit2 = fit2.Add(x, levels.Round(x * factor2));
            fit3 = fit3.Add(x, levels.Round(x * factor3));
        }

        (float best, float explained) = fit0.Solve();
        (best, explained) = Better(best, explained, fit1.Solve());
        (best, explained) = Better(best, explained, fit2.Solve());
        return Better(best, explained, fit3.Solve()).Scale;
    }

    private static (float Scale, float Explained) Better(float scale, float explained, (float Scale, float Explained) other) =>
        other.Explained > explained ? other : (scale, explained);

    /// <summary>The best scale for what the numbers are rounded to with a scale: some fall differently with one that was fitted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Refit(ReadOnlySpan<float> block, float scale, int zero)
    {
        var levels = new Levels(zero);
        Vector256<float> factor = Vector256.Create(1 / scale);
        Fit fit = default;
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<float> x = Load(block, i);
            fit = fit.Add(x, levels.Round(x * factor));
        }

        return Usable(fit.Solve().Scale);
    }

    /// <summary>Whether rounding to 4 bits with a scale and a zero makes a smaller sum of squared differences than with another scale and the middle.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsBetter(ReadOnlySpan<float> block, float scale, int zero, float other)
    {
        Levels levels = new(zero), middle = new(Middle);
        Vector256<float> factor = Vector256.Create(scale), inverse = Vector256.Create(1 / scale), sum = default;
        Vector256<float> otherFactor = Vector256.Create(other), otherInverse = Vector256.Create(1 / other), otherSum = default;
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<float> x = Load(block, i);
            Vector256<float> difference = x - (levels.Round(x * inverse) * factor), otherDifference = x - (middle.Round(x * otherInverse) * otherFactor);
            sum += difference * difference;
            otherSum += otherDifference * otherDifference;
        }

        return Vector256.Sum(sum) < Vector256.Sum(otherSum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load(ReadOnlySpan<float> block, int start) => Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(block), (nuint)start);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pack4(ReadOnlySpan<float> block, float scale, int zero, Span<byte> packed)
    {
        var levels = new Levels(zero);
        Vector256<float> inverse = Vector256.Create(scale == 0 ? 0 : 1 / scale), start = Vector256.Create((float)zero);
        for (int i = 0; i < block.Length; i += 2 * Lanes)
        {
            Vector256<int> low = Vector256.ConvertToInt32Native(levels.Round(Load(block, i) * inverse) + start);
            Vector256<int> high = Vector256.ConvertToInt32Native(levels.Round(Load(block, i + Lanes) * inverse) + start);
            Vector128<ushort> pairs = Bytes(Vector256.Narrow(low, high)).AsUInt16();
            Vector128<ushort> joined = (pairs | (pairs >> 4)) & Vector128.Create((ushort)byte.MaxValue); // the second of a pair is the upper half
            Vector128.Narrow(joined, joined).GetLower().CopyTo(packed[(i / 2)..]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pack8(ReadOnlySpan<float> block, float scale, Span<byte> packed)
    {
        Vector256<float> inverse = Vector256.Create(scale == 0 ? 0 : 1 / scale);
        for (int i = 0; i < block.Length; i += 2 * Lanes)
        {
            Vector256<int> low = Vector256.ConvertToInt32Native(Vector256.Round(Load(block, i) * inverse));
            Vector256<int> high = Vector256.ConvertToInt32Native(Vector256.Round(Load(block, i + Lanes) * inverse));
            Bytes(Vector256.Narrow(low, high) + Vector256.Create((short)128)).CopyTo(packed[i..]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Bytes(Vector256<short> x) => Vector128.Narrow(x.GetLower().AsUInt16(), x.GetUpper().AsUInt16());

    /// <summary>The least and the largest number, or 0; false where one is not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryFindRange(ReadOnlySpan<float> block, out float low, out float high)
    {
        Vector256<float> least = default, most = default, check = default;
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<float> x = Load(block, i);
            least = Vector256.MinNative(least, x);
            most = Vector256.MaxNative(most, x);
            check += x - x; // 0, but NaN for NaN and infinities
        }

        Vector128<float> up = Vector128.MaxNative(most.GetLower(), most.GetUpper()), down = Vector128.MinNative(least.GetLower(), least.GetUpper());
        high = MathF.Max(MathF.Max(up[0], up[1]), MathF.Max(up[2], up[3]));
        low = MathF.Min(MathF.Min(down[0], down[1]), MathF.Min(down[2], down[3]));
        return Vector256.EqualsAll(check, Vector256<float>.Zero);
    }

    // The inverse of a smaller scale would overflow; the numbers of such a block are as good as zero.
    private static float Usable(float scale) => MathF.Abs(scale) < 1e-37f ? 0 : scale;

    /// <summary>The whole numbers of 4 bits, less the one that stands for zero.</summary>
    private readonly struct Levels(int zero)
    {
        private readonly Vector256<float> _least = Vector256.Create((float)-zero), _most = Vector256.Create((float)(15 - zero));

        // Numbers are finite here, so that what the processor does with others does not matter.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<float> Round(Vector256<float> x) => Vector256.MinNative(Vector256.MaxNative(Vector256.Round(x), _least), _most);
    }

    /// <summary>The sums that the best scale for rounded numbers follows from.</summary>
    private readonly record struct Fit(Vector256<float> Products, Vector256<float> Squares)
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Fit Add(Vector256<float> x, Vector256<float> q) => new(Products + (x * q), Squares + (q * q));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public (float Scale, float Explained) Solve()
        {
            float product = Vector256.Sum(Products), square = Vector256.Sum(Squares);
            return (product / square, product / square * product);
        }
    }
}

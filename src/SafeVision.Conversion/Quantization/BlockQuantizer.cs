using System.Runtime.Intrinsics;

namespace SafeVision.Conversion.Quantization;

/// <summary>Rounds rows of numbers to blocks of 4 or 8 bits. 4 bits start from rounding to nearest with the scale that
/// brings the number of the largest magnitude, sign and all, to -8; other scales are tried then, and the one of the
/// least squared error stays. (The search over scales with the best factor for each in closed form is that of
/// llama.cpp's ggml-quants.c, make_qx_quants, MIT.) All arithmetic is in float32 by lanes of eight, so every machine
/// gets the same bits.</summary>
internal static class BlockQuantizer
{
    private const int Lanes = 8;

    // What the number of the largest magnitude is brought to, besides -8; below that it is cut off, for the sake of the
    // others. A hundred and twenty values, of either sign, lower the error of normal and of heavy-tailed numbers by less than
    // one part in a hundred more.
    private const float FirstExtreme = -8.6f, SecondExtreme = -9.4f, ThirdExtreme = -7.3f;

    /// <summary>Rounds one row.</summary>
    /// <param name="row">The numbers.</param>
    /// <param name="packed">Takes <see cref="BlockFormat.RowBytes"/> bytes.</param>
    /// <param name="scales">Takes one scale for each block.</param>
    /// <param name="search">Whether other scales than that of rounding to nearest are tried.</param>
    /// <returns>False where a number is not finite.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first row on: a conversion is over before the runtime would see that it pays
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Search(ReadOnlySpan<float> block, float extreme, float nearest)
    {
        // For rounded numbers q the best scale is s = Σxq / Σq², which leaves Σx² - (Σxq)² / Σq².
        Vector256<float> factor0 = Vector256.Create(-8 / extreme), factor1 = Vector256.Create(FirstExtreme / extreme);
        Vector256<float> factor2 = Vector256.Create(SecondExtreme / extreme), factor3 = Vector256.Create(ThirdExtreme / extreme);
        Fit fit0 = default, fit1 = default, fit2 = default, fit3 = default;
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<float> x = Load(block, i);
            fit0 = fit0.Add(x, Round4(x * factor0));
            fit1 = fit1.Add(x, Round4(x * factor1));
            fit2 = fit2.Add(x, Round4(x * factor2));
            fit3 = fit3.Add(x, Round4(x * factor3));
        }

        (float best, float explained) = fit0.Solve();
        (best, explained) = Better(best, explained, fit1.Solve());
        (best, explained) = Better(best, explained, fit2.Solve());
        (best, _) = Better(best, explained, fit3.Solve());
        best = Refit(block, best);
        return best != 0 && IsBetter(block, best, nearest) ? best : nearest;
    }

    private static (float Scale, float Explained) Better(float scale, float explained, (float Scale, float Explained) other) =>
        other.Explained > explained ? other : (scale, explained);

    /// <summary>The best scale for what the numbers are rounded to with a scale: some fall differently with one that was fitted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Refit(ReadOnlySpan<float> block, float scale)
    {
        Vector256<float> factor = Vector256.Create(1 / scale);
        Fit fit = default;
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<float> x = Load(block, i);
            fit = fit.Add(x, Round4(x * factor));
        }

        return Usable(fit.Solve().Scale);
    }

    /// <summary>Whether rounding to 4 bits with a scale makes a smaller sum of squared differences than with another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsBetter(ReadOnlySpan<float> block, float scale, float other)
    {
        Vector256<float> factor = Vector256.Create(scale), inverse = Vector256.Create(1 / scale), sum = default;
        Vector256<float> otherFactor = Vector256.Create(other), otherInverse = Vector256.Create(1 / other), otherSum = default;
        for (int i = 0; i < block.Length; i += Lanes)
        {
            Vector256<float> x = Load(block, i);
            Vector256<float> difference = x - (Round4(x * inverse) * factor), otherDifference = x - (Round4(x * otherInverse) * otherFactor);
            sum += difference * difference;
            otherSum += otherDifference * otherDifference;
        }

        return Vector256.Sum(sum) < Vector256.Sum(otherSum);
    }

    // Numbers are finite here, so that what the processor does with others does not matter.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Round4(Vector256<float> x) =>
        Vector256.MinNative(Vector256.MaxNative(Vector256.Round(x), Vector256.Create(-8f)), Vector256.Create(7f));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load(ReadOnlySpan<float> block, int start) => Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(block), (nuint)start);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pack4(ReadOnlySpan<float> block, float scale, Span<byte> packed)
    {
        Vector256<float> inverse = Vector256.Create(scale == 0 ? 0 : 1 / scale), middle = Vector256.Create(8f);
        for (int i = 0; i < block.Length; i += 2 * Lanes)
        {
            Vector256<int> low = Vector256.ConvertToInt32Native(Round4(Load(block, i) * inverse) + middle);
            Vector256<int> high = Vector256.ConvertToInt32Native(Round4(Load(block, i + Lanes) * inverse) + middle);
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

    /// <summary>The number of the largest magnitude; false where one is not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryFindExtreme(ReadOnlySpan<float> block, out float extreme)
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
        float high = MathF.Max(MathF.Max(up[0], up[1]), MathF.Max(up[2], up[3])), low = MathF.Min(MathF.Min(down[0], down[1]), MathF.Min(down[2], down[3]));
        extreme = -low > high ? low : high;
        return Vector256.EqualsAll(check, Vector256<float>.Zero);
    }

    // The inverse of a smaller scale would overflow; the numbers of such a block are as good as zero.
    private static float Usable(float scale) => MathF.Abs(scale) < 1e-37f ? 0 : scale;

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

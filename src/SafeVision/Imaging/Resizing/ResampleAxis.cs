namespace SafeVision.Imaging;

/// <summary>The fixed-point weights of a resize along one axis: which source pixels make up each target pixel, and by how much.
/// Immutable, so one instance serves all threads.</summary>
/// <remarks>A weight has 22 fractional bits, as in Pillow, and fits 24 bits with its sign. It is kept as two signed halves,
/// <c>weight = high * 65536 + low</c>, because the 16-bit multiply-add of every SIMD instruction set then computes the 32-bit sum
/// exactly: the two partial sums may wrap, but their combination is the true sum modulo 2^32, and the true sum fits 32
/// bits.</remarks>
internal sealed class ResampleAxis
{
    public const int FractionBits = 32 - 8 - 2; // fractional bits of a weight

    /// <summary>Half of one, which makes the final shift round.</summary>
    public const int Rounding = 1 << (FractionBits - 1);

    /// <summary>Weights of a target pixel are padded with zeros to a multiple of this, so that SIMD needs no tail.</summary>
    public const int TapAlignment = 8;

    private ResampleAxis(int count)
    {
        Count = count;
        Starts = [];
        Ends = [];
        Low = [];
        High = [];
    }

    public int Count { get; } // the number of target pixels

    /// <summary>True if target pixel <c>i</c> is source pixel <c>First + i</c>; there are no weights then.</summary>
    public bool IsShift { get; private init; }

    public int First { get; private init; } // the first source pixel that is used at all
    public int End { get; private init; } // the source pixel after the last one that is used
    public int[] Starts { get; private init; } // for each target pixel, the first source pixel. Never decreases.

    /// <summary>For each target pixel, the source pixel after the last. Never decreases; greater than the start.</summary>
    public int[] Ends { get; private init; }

    public int Stride { get; private init; } // entries of Low and High for one target pixel
    public short[] Low { get; private init; } // the low halves of the weights, Stride for each target pixel
    public short[] High { get; private init; } // the high halves of the weights, laid out as Low
    public int MaximumTaps { get; private init; } // the largest number of weights of a target pixel, padding apart

    /// <summary>The largest number of target pixels that use the same source pixel.</summary>
    public int MaximumOverlap { get; private init; }

    /// <summary>Computes the weights; see <c>precompute_coeffs</c> in Pillow's <c>Resample.c</c>.</summary>
    public static ResampleAxis Create(in ResampleAxisKey key)
    {
        if (key.IsShift)
        {
            int first = (int)key.Low + key.First;
            return new ResampleAxis(key.Count) { IsShift = true, First = first, End = first + key.Count };
        }

        // The difference is taken in single precision, the rest in double, as in the original.
        double scale = (double)(key.High - key.Low) / key.TargetSize;
        double filterScale = Math.Max(scale, 1);
        double support = ResampleFunction.Support(key.Filter) * filterScale;

        int[] starts = new int[key.Count];
        int[] ends = new int[key.Count];
        int taps = 0;
        for (int i = 0; i < key.Count; i++)
        {
            double centre = Centre(key, i, scale);
            starts[i] = Math.Clamp((int)(centre - support + 0.5), 0, key.SourceSize - 1);
            ends[i] = Math.Clamp((int)(centre + support + 0.5), starts[i] + 1, key.SourceSize);
            taps = Math.Max(taps, ends[i] - starts[i]);
        }

        int stride = (taps + TapAlignment - 1) / TapAlignment * TapAlignment;
        // The spare entries let a kernel read the pair that begins at the very last weight.
        short[] low = new short[checked(stride * key.Count + TapAlignment)];
        short[] high = new short[low.Length];
        double[] weights = new double[taps];
        for (int i = 0; i < key.Count; i++)
        {
            Span<double> row = weights.AsSpan(0, ends[i] - starts[i]);
            Weigh(key.Filter, starts[i], Centre(key, i, scale), 1 / filterScale, row);
            Quantise(row, low.AsSpan(i * stride), high.AsSpan(i * stride));
        }

        return new ResampleAxis(key.Count)
        {
            First = starts[0],
            End = ends[^1],
            Starts = starts,
            Ends = ends,
            MaximumTaps = taps,
            Stride = stride,
            Low = low,
            High = high,
            MaximumOverlap = Overlap(starts, ends),
        };
    }

    private static double Centre(in ResampleAxisKey key, int i, double scale) => key.Low + (key.First + i + 0.5) * scale;

    private static void Weigh(ResampleFilter filter, int start, double centre, double inverseScale, Span<double> weights)
    {
        double sum = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = ResampleFunction.Evaluate(filter, (i + start - centre + 0.5) * inverseScale);
            sum += weights[i];
        }

        if (sum != 0)
        {
            for (int i = 0; i < weights.Length; i++)
            {
                weights[i] /= sum;
            }
        }
    }

    private static void Quantise(ReadOnlySpan<double> weights, Span<short> low, Span<short> high)
    {
        for (int i = 0; i < weights.Length; i++)
        {
            double scaled = weights[i] * (1 << FractionBits);
            int weight = (int)(scaled + (scaled < 0 ? -0.5 : 0.5));
            low[i] = (short)weight;
            high[i] = (short)((weight - low[i]) >> 16);
        }
    }

    private static int Overlap(int[] starts, int[] ends)
    {
        int overlap = 1;
        for (int first = 0, last = 0; first < starts.Length; first++)
        {
            while (last < starts.Length && starts[last] < ends[first])
            {
                last++;
            }

            overlap = Math.Max(overlap, last - first);
        }

        return overlap;
    }
}

/// <summary>The continuous kernels, in the operations and the order of Pillow's <c>Resample.c</c>, so that the weights agree to the last bit.</summary>
internal static class ResampleFunction
{
    /// <summary>How far the kernel reaches to each side, in units of the coarser of the two pixel grids.</summary>
    public static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => 0.5,
        ResampleFilter.Bilinear or ResampleFilter.Hamming => 1,
        ResampleFilter.Bicubic => 2,
        ResampleFilter.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "The filter has no kernel."),
    };

    public static double Evaluate(ResampleFilter filter, double x) => filter switch
    {
        ResampleFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        ResampleFilter.Bilinear => Bilinear(Math.Abs(x)),
        ResampleFilter.Hamming => Hamming(Math.Abs(x)),
        ResampleFilter.Bicubic => Bicubic(Math.Abs(x)),
        ResampleFilter.Lanczos => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "The filter has no kernel."),
    };

    private static double Bilinear(double x) => x < 1 ? 1 - x : 0;

    private static double Hamming(double x)
    {
        if (x == 0)
        {
            return 1;
        }

        if (x >= 1)
        {
            return 0;
        }

        x *= Math.PI;
        // The two constants are single precision in the original.
        return Math.Sin(x) / x * (0.54f + 0.46f * Math.Cos(x));
    }

    private static double Bicubic(double x)
    {
        const double a = -0.5;
        if (x < 1)
        {
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        }

        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    private static double Sinc(double x)
    {
        if (x == 0)
        {
            return 1;
        }

        x *= Math.PI;
        return Math.Sin(x) / x;
    }
}

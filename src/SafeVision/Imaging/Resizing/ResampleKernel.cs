namespace SafeVision.Imaging;

/// <summary>The two inner loops of a resize, once for each instruction set. All implementations give the same bytes. Stateless.</summary>
/// <remarks>No implementation has a tail loop. In return, every source row must be readable, and every target row writable, for
/// <see cref="Slack"/> bytes after its last byte; what is read or written there has no meaning.</remarks>
internal abstract unsafe class ResampleKernel
{
    /// <summary>Bytes that must be accessible after the end of a row.</summary>
    public const int Slack = 64;

    /// <summary>The fastest implementation that this processor runs.</summary>
    public static ResampleKernel Best { get; } = Supported[^1];

    /// <summary>All implementations that this processor runs, slowest first.</summary>
    public static IReadOnlyList<ResampleKernel> Supported
    {
        get
        {
            List<ResampleKernel> kernels = [new ScalarResampleKernel()];
            if (Vector128.IsHardwareAccelerated)
            {
                kernels.Add(new Vector128ResampleKernel());
            }

            if (Avx2.IsSupported)
            {
                kernels.Add(new Avx2ResampleKernel());
            }

            if (Avx512ResampleKernel.IsSupported)
            {
                kernels.Add(new Avx512ResampleKernel());
            }

            return kernels;
        }
    }

    /// <summary>Resamples rows along x.</summary>
    /// <param name="source">The first row, at the pixel of column <paramref name="origin"/>.</param>
    /// <param name="sourceStride">Bytes between source rows.</param>
    /// <param name="axis">The weights; not a shift.</param>
    /// <param name="channels">Bytes a pixel, 1 to 4.</param>
    /// <param name="target">The first target row.</param>
    /// <param name="targetStride">Bytes between target rows.</param>
    /// <param name="rows">The number of rows.</param>
    public abstract void ResampleRows(
        byte* source, nint sourceStride, int origin, ResampleAxis axis, int channels, byte* target, nint targetStride, int rows);

    /// <summary>Adds up weighted rows into one row, or into its unfinished sums.</summary>
    /// <param name="rows">The first source row.</param>
    /// <param name="stride">Bytes between source rows.</param>
    /// <param name="low">The low half of the first row's weight; those of the others follow.</param>
    /// <param name="high">The high half, likewise.</param>
    /// <param name="count">The number of source rows, at least 1.</param>
    /// <param name="sums">Sums carried from one call to the next for the same target row, one for each byte, in an
    /// order that is the implementation's own. Not touched if both <paramref name="isFirst"/> and
    /// <paramref name="isLast"/>.</param>
    /// <param name="target">The target row; written only if <paramref name="isLast"/>.</param>
    /// <param name="length">Bytes to compute, a multiple of 64.</param>
    /// <param name="isFirst">True if the sums begin here.</param>
    /// <param name="isLast">True if the sums end here.</param>
    public abstract void CombineRows(
        byte* rows, nint stride, short* low, short* high, int count, int* sums, byte* target, int length, bool isFirst, bool isLast);
}

/// <summary>The loops without SIMD: for processors that have none, and as the reference of the others.</summary>
internal unsafe class ScalarResampleKernel : ResampleKernel
{
    public override void ResampleRows(
        byte* source, nint sourceStride, int origin, ResampleAxis axis, int channels, byte* target, nint targetStride, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            byte* output = target + row * targetStride;
            for (int x = 0; x < axis.Count; x++)
            {
                int start = axis.Starts[x];
                byte* pixels = source + row * sourceStride + (nint)(start - origin) * channels;
                ReadOnlySpan<short> low = axis.Low.AsSpan(x * axis.Stride, axis.Ends[x] - start);
                ReadOnlySpan<short> high = axis.High.AsSpan(x * axis.Stride, low.Length);
                for (int channel = 0; channel < channels; channel++)
                {
                    int sum = ResampleAxis.Rounding;
                    for (int i = 0; i < low.Length; i++)
                    {
                        sum += pixels[i * channels + channel] * Weight(low[i], high[i]);
                    }

                    *output++ = Clip(sum);
                }
            }
        }
    }

    public override void CombineRows(
        byte* rows, nint stride, short* low, short* high, int count, int* sums, byte* target, int length, bool isFirst, bool isLast)
    {
        for (int x = 0; x < length; x++)
        {
            int sum = isFirst ? ResampleAxis.Rounding : sums[x];
            for (int i = 0; i < count; i++)
            {
                sum += rows[i * stride + x] * Weight(low[i], high[i]);
            }

            if (isLast)
            {
                target[x] = Clip(sum);
            }
            else
            {
                sums[x] = sum;
            }
        }
    }

    private static int Weight(short low, short high) => (high << 16) + low;

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleAxis.FractionBits, 0, 255);
}

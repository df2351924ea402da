namespace SafeVision.Imaging;

/// <summary>The loops without SIMD: for processors that have none, and as the reference of the others.</summary>
internal sealed unsafe class ScalarResampleKernel : ResampleKernel
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

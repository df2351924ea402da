namespace SafeVision.Imaging;

/// <summary>The loops in portable 128-bit vectors of 32-bit sums: Arm's Advanced SIMD, SSE4.1, WebAssembly.</summary>
internal unsafe class Vector128ResampleKernel : ScalarResampleKernel
{
    public override void ResampleRows(
        byte* source, nint sourceStride, int origin, ResampleAxis axis, int channels, byte* target, nint targetStride, int rows)
    {
        if (channels < 3)
        {
            base.ResampleRows(source, sourceStride, origin, axis, channels, target, targetStride, rows); // no model looks at gray
            return;
        }

        for (int row = 0; row < rows; row += 4)
        {
            // Four rows share each load of weights. Where fewer are left, the last one is computed again.
            nint second = Math.Min(1, rows - row - 1), third = Math.Min(2, rows - row - 1), fourth = Math.Min(3, rows - row - 1);
            ResampleFourRows(
                source + row * sourceStride, second * sourceStride, third * sourceStride, fourth * sourceStride, origin, axis, channels,
                target + row * targetStride, second * targetStride, third * targetStride, fourth * targetStride);
        }
    }

    public override void CombineRows(
        byte* rows, nint stride, short* low, short* high, int count, int* sums, byte* target, int length, bool isFirst, bool isLast)
    {
        for (int x = 0; x < length; x += Vector128<byte>.Count)
        {
            Vector128<int> s0, s1, s2, s3;
            s0 = s1 = s2 = s3 = Vector128.Create(ResampleAxis.Rounding);
            if (!isFirst)
            {
                s0 = Vector128.Load(sums + x);
                s1 = Vector128.Load(sums + x + 4);
                s2 = Vector128.Load(sums + x + 8);
                s3 = Vector128.Load(sums + x + 12);
            }

            byte* pixels = rows + x;
            for (int i = 0; i < count; i++, pixels += stride)
            {
                Vector128<int> weight = Vector128.Create((high[i] << 16) + low[i]);
                (Vector128<ushort> lower, Vector128<ushort> upper) = Vector128.Widen(Vector128.Load(pixels));
                (Vector128<uint> p0, Vector128<uint> p1) = Vector128.Widen(lower);
                (Vector128<uint> p2, Vector128<uint> p3) = Vector128.Widen(upper);
                s0 += p0.AsInt32() * weight;
                s1 += p1.AsInt32() * weight;
                s2 += p2.AsInt32() * weight;
                s3 += p3.AsInt32() * weight;
            }

            if (isLast)
            {
                Unsafe.WriteUnaligned(target + x, Clip(s0));
                Unsafe.WriteUnaligned(target + x + 4, Clip(s1));
                Unsafe.WriteUnaligned(target + x + 8, Clip(s2));
                Unsafe.WriteUnaligned(target + x + 12, Clip(s3));
            }
            else
            {
                s0.Store(sums + x);
                s1.Store(sums + x + 4);
                s2.Store(sums + x + 8);
                s3.Store(sums + x + 12);
            }
        }
    }

    /// <summary>Resamples four rows of three or four channels; the offsets lead from the first row to the others.</summary>
    private protected virtual void ResampleFourRows(
        byte* source, nint second, nint third, nint fourth, int origin, ResampleAxis axis, int channels,
        byte* target, nint secondTarget, nint thirdTarget, nint fourthTarget)
    {
        Vector128<int> rounding = Vector128.Create(ResampleAxis.Rounding);
        fixed (int* starts = axis.Starts, ends = axis.Ends)
        fixed (short* low = axis.Low, high = axis.High)
        {
            for (int x = 0; x < axis.Count; x++, target += channels)
            {
                byte* pixels = source + (nint)(starts[x] - origin) * channels;
                short* l = low + (nint)x * axis.Stride;
                short* h = high + (nint)x * axis.Stride;
                int taps = ends[x] - starts[x];
                Vector128<int> s0 = rounding, s1 = rounding, s2 = rounding, s3 = rounding; // [red, green, blue, alpha]
                for (int i = 0; i < taps; i++, pixels += channels)
                {
                    Vector128<int> weight = Vector128.Create((h[i] << 16) + l[i]);
                    s0 += LoadFourBytes(pixels) * weight;
                    s1 += LoadFourBytes(pixels + second) * weight;
                    s2 += LoadFourBytes(pixels + third) * weight;
                    s3 += LoadFourBytes(pixels + fourth) * weight;
                }

                // A pixel of three bytes is written as four; its neighbour then overwrites the fourth.
                Unsafe.WriteUnaligned(target, Clip(s0));
                Unsafe.WriteUnaligned(target + secondTarget, Clip(s1));
                Unsafe.WriteUnaligned(target + thirdTarget, Clip(s2));
                Unsafe.WriteUnaligned(target + fourthTarget, Clip(s3));
            }
        }
    }

    private static Vector128<int> LoadFourBytes(byte* pixels) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(pixels)).AsByte())).AsInt32();

    private static uint Clip(Vector128<int> sums)
    {
        Vector128<int> clipped = Vector128.Min(
            Vector128.Max(Vector128.ShiftRightArithmetic(sums, ResampleAxis.FractionBits), Vector128<int>.Zero), Vector128.Create(255));
        Vector128<short> words = Vector128.Narrow(clipped, clipped);
        return Vector128.Narrow(words, words).AsUInt32().ToScalar();
    }
}

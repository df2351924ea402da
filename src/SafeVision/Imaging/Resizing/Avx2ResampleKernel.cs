namespace SafeVision.Imaging;

/// <summary>The loops in 256-bit vectors: a multiply-add takes two taps of sixteen channels at a time.</summary>
internal unsafe class Avx2ResampleKernel : Vector128ResampleKernel
{
    public override void CombineRows(
        byte* rows, nint stride, short* low, short* high, int count, int* sums, byte* target, int length, bool isFirst, bool isLast)
    {
        for (int x = 0; x < length; x += Vector256<byte>.Count)
        {
            Vector256<int> l0, l1, l2, l3, h0, h1, h2, h3;
            l0 = l1 = l2 = l3 = Vector256.Create(ResampleAxis.Rounding);
            h0 = h1 = h2 = h3 = default;
            if (!isFirst)
            {
                l0 = Vector256.Load(sums + x);
                l1 = Vector256.Load(sums + x + 8);
                l2 = Vector256.Load(sums + x + 16);
                l3 = Vector256.Load(sums + x + 24);
            }

            byte* pixels = rows + x;
            for (int i = 0; i < count; i += 2, pixels += 2 * stride)
            {
                int lowPair = Unsafe.ReadUnaligned<int>(low + i);
                int highPair = Unsafe.ReadUnaligned<int>(high + i);
                Vector256<byte> first = Vector256.Load(pixels);
                Vector256<byte> second = first;
                if (i + 1 < count)
                {
                    second = Vector256.Load(pixels + stride);
                }
                else
                {
                    // The row after the last one belongs to a later call: its weight here is zero.
                    lowPair &= 0xFFFF;
                    highPair &= 0xFFFF;
                }

                Vector256<short> lowWeights = Vector256.Create(lowPair).AsInt16();
                Vector256<short> highWeights = Vector256.Create(highPair).AsInt16();
                Vector256<byte> lower = Avx2.UnpackLow(first, second);
                Vector256<byte> upper = Avx2.UnpackHigh(first, second);
                Vector256<short> p0 = Avx2.UnpackLow(lower, Vector256<byte>.Zero).AsInt16();
                Vector256<short> p1 = Avx2.UnpackHigh(lower, Vector256<byte>.Zero).AsInt16();
                Vector256<short> p2 = Avx2.UnpackLow(upper, Vector256<byte>.Zero).AsInt16();
                Vector256<short> p3 = Avx2.UnpackHigh(upper, Vector256<byte>.Zero).AsInt16();
                l0 += Avx2.MultiplyAddAdjacent(p0, lowWeights);
                l1 += Avx2.MultiplyAddAdjacent(p1, lowWeights);
                l2 += Avx2.MultiplyAddAdjacent(p2, lowWeights);
                l3 += Avx2.MultiplyAddAdjacent(p3, lowWeights);
                h0 += Avx2.MultiplyAddAdjacent(p0, highWeights);
                h1 += Avx2.MultiplyAddAdjacent(p1, highWeights);
                h2 += Avx2.MultiplyAddAdjacent(p2, highWeights);
                h3 += Avx2.MultiplyAddAdjacent(p3, highWeights);
            }

            l0 += h0 << 16;
            l1 += h1 << 16;
            l2 += h2 << 16;
            l3 += h3 << 16;
            if (isLast)
            {
                // The packs undo, within each 128-bit lane, the order that the unpacks made.
                Vector256<short> lower = Avx2.PackSignedSaturate(l0 >> ResampleAxis.FractionBits, l1 >> ResampleAxis.FractionBits);
                Vector256<short> upper = Avx2.PackSignedSaturate(l2 >> ResampleAxis.FractionBits, l3 >> ResampleAxis.FractionBits);
                Avx2.PackUnsignedSaturate(lower, upper).Store(target + x);
            }
            else
            {
                l0.Store(sums + x);
                l1.Store(sums + x + 8);
                l2.Store(sums + x + 16);
                l3.Store(sums + x + 24);
            }
        }
    }

    private protected override void ResampleFourRows(
        byte* source, nint second, nint third, nint fourth, int origin, ResampleAxis axis, int channels,
        byte* target, nint secondTarget, nint thirdTarget, nint fourthTarget)
    {
        // Four pixels in each lane become, as 16-bit pairs of neighbours, [red, green, blue, alpha] of the lane's two.
        Vector256<byte> pairs = channels == 3
            ? Vector256.Create(
                0, 128, 3, 128, 1, 128, 4, 128, 2, 128, 5, 128, 128, 128, 128, 128,
                6, 128, 9, 128, 7, 128, 10, 128, 8, 128, 11, 128, 128, 128, 128, (byte)128)
            : Vector256.Create(
                0, 128, 4, 128, 1, 128, 5, 128, 2, 128, 6, 128, 3, 128, 7, 128,
                8, 128, 12, 128, 9, 128, 13, 128, 10, 128, 14, 128, 11, 128, 15, (byte)128);
        Vector256<int> spread = Vector256.Create(0, 0, 0, 0, 1, 1, 1, 1);

        fixed (int* starts = axis.Starts, ends = axis.Ends)
        fixed (short* low = axis.Low, high = axis.High)
        {
            for (int x = 0; x < axis.Count; x++, target += channels)
            {
                byte* pixels = source + (nint)(starts[x] - origin) * channels;
                short* l = low + (nint)x * axis.Stride;
                short* h = high + (nint)x * axis.Stride;
                int taps = ends[x] - starts[x];
                Vector256<int> l0 = default, l1 = default, l2 = default, l3 = default;
                Vector256<int> h0 = default, h1 = default, h2 = default, h3 = default;
                for (int i = 0; i < taps; i += 4, pixels += 4 * channels)
                {
                    Vector256<short> lowWeights = Avx2.PermuteVar8x32(Vector256.CreateScalarUnsafe(*(long*)(l + i)).AsInt32(), spread).AsInt16();
                    Vector256<short> highWeights = Avx2.PermuteVar8x32(Vector256.CreateScalarUnsafe(*(long*)(h + i)).AsInt32(), spread).AsInt16();
                    Vector256<short> p = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(pixels), pairs).AsInt16();
                    l0 += Avx2.MultiplyAddAdjacent(p, lowWeights);
                    h0 += Avx2.MultiplyAddAdjacent(p, highWeights);
                    p = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(pixels + second), pairs).AsInt16();
                    l1 += Avx2.MultiplyAddAdjacent(p, lowWeights);
                    h1 += Avx2.MultiplyAddAdjacent(p, highWeights);
                    p = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(pixels + third), pairs).AsInt16();
                    l2 += Avx2.MultiplyAddAdjacent(p, lowWeights);
                    h2 += Avx2.MultiplyAddAdjacent(p, highWeights);
                    p = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(pixels + fourth), pairs).AsInt16();
                    l3 += Avx2.MultiplyAddAdjacent(p, lowWeights);
                    h3 += Avx2.MultiplyAddAdjacent(p, highWeights);
                }

                Vector256<int> rows01 = FoldLanes(l0 + (h0 << 16), l1 + (h1 << 16));
                Vector256<int> rows23 = FoldLanes(l2 + (h2 << 16), l3 + (h3 << 16));
                Vector256<short> words = Avx2.PackSignedSaturate(rows01, rows23);
                Vector256<uint> bytes = Avx2.PackUnsignedSaturate(words, words).AsUInt32();
                // A pixel of three bytes is written as four; its neighbour then overwrites the fourth.
                Unsafe.WriteUnaligned(target, bytes.GetElement(0));
                Unsafe.WriteUnaligned(target + secondTarget, bytes.GetElement(4));
                Unsafe.WriteUnaligned(target + thirdTarget, bytes.GetElement(1));
                Unsafe.WriteUnaligned(target + fourthTarget, bytes.GetElement(5));
            }
        }
    }

    private static Vector256<int> FoldLanes(Vector256<int> a, Vector256<int> b) =>
        (Avx2.Permute2x128(a, b, 0x20) + Avx2.Permute2x128(a, b, 0x31) + Vector256.Create(ResampleAxis.Rounding)) >> ResampleAxis.FractionBits;
}

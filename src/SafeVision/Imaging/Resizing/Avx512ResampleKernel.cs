namespace SafeVision.Imaging;

/// <summary>The first loop in 512-bit vectors: eight taps of a pixel at a time. Needs the byte permutation of Ice Lake and Zen 4.</summary>
internal sealed unsafe class Avx512ResampleKernel : Avx2ResampleKernel
{
    public static bool IsSupported => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && Avx512Vbmi.IsSupported;

    private protected override void ResampleFourRows(
        byte* source, nint second, nint third, nint fourth, int origin, ResampleAxis axis, int channels,
        byte* target, nint secondTarget, nint thirdTarget, nint fourthTarget)
    {
        if (axis.MaximumTaps <= 4)
        {
            // Half of every vector would be padding.
            base.ResampleFourRows(
                source, second, third, fourth, origin, axis, channels, target, secondTarget, thirdTarget, fourthTarget);
            return;
        }

        Vector512<byte> pairs = Pairs(channels);
        Vector512<int> spread = Vector512.Create(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);

        fixed (int* starts = axis.Starts, ends = axis.Ends)
        fixed (short* low = axis.Low, high = axis.High)
        {
            for (int x = 0; x < axis.Count; x++, target += channels)
            {
                byte* pixels = source + (nint)(starts[x] - origin) * channels;
                short* l = low + (nint)x * axis.Stride;
                short* h = high + (nint)x * axis.Stride;
                int taps = ends[x] - starts[x];
                Vector512<int> l0 = default, l1 = default, l2 = default, l3 = default;
                Vector512<int> h0 = default, h1 = default, h2 = default, h3 = default;
                for (int i = 0; i < taps; i += 8, pixels += 8 * channels)
                {
                    Vector512<short> lowWeights = Spread(l + i, spread);
                    Vector512<short> highWeights = Spread(h + i, spread);
                    Vector512<short> p = LoadPairs(pixels, pairs);
                    l0 += Avx512BW.MultiplyAddAdjacent(p, lowWeights);
                    h0 += Avx512BW.MultiplyAddAdjacent(p, highWeights);
                    p = LoadPairs(pixels + second, pairs);
                    l1 += Avx512BW.MultiplyAddAdjacent(p, lowWeights);
                    h1 += Avx512BW.MultiplyAddAdjacent(p, highWeights);
                    p = LoadPairs(pixels + third, pairs);
                    l2 += Avx512BW.MultiplyAddAdjacent(p, lowWeights);
                    h2 += Avx512BW.MultiplyAddAdjacent(p, highWeights);
                    p = LoadPairs(pixels + fourth, pairs);
                    l3 += Avx512BW.MultiplyAddAdjacent(p, lowWeights);
                    h3 += Avx512BW.MultiplyAddAdjacent(p, highWeights);
                }

                // [row 0, row 1] and [row 2, row 3], each in two lanes of partial sums, then [row 0 .. row 3]
                Vector512<int> s0 = l0 + (h0 << 16), s1 = l1 + (h1 << 16), s2 = l2 + (h2 << 16), s3 = l3 + (h3 << 16);
                Vector512<int> rows01 = Avx512F.Shuffle4x128(s0, s1, 0x44) + Avx512F.Shuffle4x128(s0, s1, 0xEE);
                Vector512<int> rows23 = Avx512F.Shuffle4x128(s2, s3, 0x44) + Avx512F.Shuffle4x128(s2, s3, 0xEE);
                Vector512<int> rows = Avx512F.Shuffle4x128(rows01, rows23, 0x88) + Avx512F.Shuffle4x128(rows01, rows23, 0xDD);
                rows = (rows + Vector512.Create(ResampleAxis.Rounding)) >> ResampleAxis.FractionBits;
                Vector128<uint> bytes = Avx512F.ConvertToVector128ByteWithSaturation(Vector512.Max(rows, Vector512<int>.Zero).AsUInt32()).AsUInt32();
                Unsafe.WriteUnaligned(target, bytes.GetElement(0));
                Unsafe.WriteUnaligned(target + secondTarget, bytes.GetElement(1));
                Unsafe.WriteUnaligned(target + thirdTarget, bytes.GetElement(2));
                Unsafe.WriteUnaligned(target + fourthTarget, bytes.GetElement(3));
            }
        }
    }

    // Four pairs of weights, each four times: once for every channel.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Spread(short* weights, Vector512<int> indices) =>
        Avx512F.PermuteVar16x32(Vector128.Load((int*)weights).ToVector256Unsafe().ToVector512Unsafe(), indices).AsInt16();

    // Eight pixels as 16-bit pairs of neighbours: in each lane [red, green, blue, alpha] of two.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> LoadPairs(byte* pixels, Vector512<byte> pairs) =>
        Avx512Vbmi.PermuteVar64x8(Vector256.Load(pixels).ToVector512(), pairs).AsInt16();

    private static Vector512<byte> Pairs(int channels)
    {
        Span<byte> indices = stackalloc byte[Vector512<byte>.Count];
        indices.Fill(32); // the upper half of the permuted vector is zero
        for (int tap = 0; tap < 8; tap++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                indices[tap / 2 * 16 + channel * 4 + tap % 2 * 2] = (byte)(tap * channels + channel);
            }
        }

        return Vector512.Create<byte>(indices);
    }
}

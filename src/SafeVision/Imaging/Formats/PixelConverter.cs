namespace SafeVision.Imaging.Formats;

/// <summary>Pixels of any format to RGB24. Source and destination may be the same memory where the destination does not run ahead.</summary>
internal static class PixelConverter
{
    private static Vector128<byte> DropAlpha => Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 128, 128, 128, 128);

    private static Vector128<byte> SpreadAlpha => Vector128.Create((byte)3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15);

    public static void ToRgb(ReadOnlySpan<byte> source, PixelFormat format, RgbColor background, Span<byte> rgb)
    {
        switch (format)
        {
            case PixelFormat.Gray8:
                for (int i = 0; i < source.Length; i++)
                {
                    rgb.Slice(i * 3, 3).Fill(source[i]);
                }

                break;
            case PixelFormat.Rgb24:
                source.CopyTo(rgb);
                break;
            case PixelFormat.Rgba32:
                Composite(source, background, rgb);
                break;
            default:
                // Blue and red change places before and after, so that one loop does the arithmetic.
                Composite(source, new RgbColor(background.B, background.G, background.R), rgb);
                SwapRedAndBlue(rgb);
                break;
        }
    }

    /// <summary>RGB24 to BGR24 and back.</summary>
    public static void SwapRedAndBlue(Span<byte> rgb)
    {
        for (int i = 0; i <= rgb.Length - 3; i += 3)
        {
            (rgb[i], rgb[i + 2]) = (rgb[i + 2], rgb[i]);
        }
    }

    /// <summary>Drops the fourth byte of each pixel.</summary>
    public static void Opaque(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        ref byte source = ref MemoryMarshal.GetReference(rgba);
        ref byte target = ref MemoryMarshal.GetReference(rgb);
        int pixels = Math.Min(rgba.Length / 4, rgb.Length / 3);
        int i = 0;

        // A store writes 16 bytes of which 12 count, so the last six pixels are left to the loop below.
        for (; i <= pixels - 6; i += 4)
        {
            Vector128<byte> four = Vector128.LoadUnsafe(ref source, (nuint)(i * 4));
            Vector128.Shuffle(four, DropAlpha).StoreUnsafe(ref target, (nuint)(i * 3));
        }

        for (; i < pixels; i++)
        {
            (byte r, byte g, byte b) = (rgba[i * 4], rgba[(i * 4) + 1], rgba[(i * 4) + 2]);
            rgb[i * 3] = r;
            rgb[(i * 3) + 1] = g;
            rgb[(i * 3) + 2] = b;
        }
    }

    /// <summary>Composites straight alpha on an opaque background: (s·a + d·(255 − a)) / 255, rounded. Equal to Pillow's
    /// Image.alpha_composite for all inputs, though that computes with seven more bits.</summary>
    public static void Composite(ReadOnlySpan<byte> rgba, RgbColor background, Span<byte> rgb)
    {
        ref byte source = ref MemoryMarshal.GetReference(rgba);
        ref byte target = ref MemoryMarshal.GetReference(rgb);
        (ushort br, ushort bg, ushort bb) = (background.R, background.G, background.B);
        Vector128<ushort> behind = Vector128.Create(br, bg, bb, 0, br, bg, bb, 0);
        int pixels = Math.Min(rgba.Length / 4, rgb.Length / 3);
        int i = 0;
        for (; i <= pixels - 6; i += 4)
        {
            Vector128<byte> four = Vector128.LoadUnsafe(ref source, (nuint)(i * 4));
            Vector128<byte> alpha = Vector128.Shuffle(four, SpreadAlpha);
            if (alpha != Vector128<byte>.AllBitsSet)
            {
                four = Vector128.Narrow(
                    Over(Vector128.WidenLower(four), Vector128.WidenLower(alpha), behind),
                    Over(Vector128.WidenUpper(four), Vector128.WidenUpper(alpha), behind));
            }

            Vector128.Shuffle(four, DropAlpha).StoreUnsafe(ref target, (nuint)(i * 3));
        }

        for (; i < pixels; i++)
        {
            int p = i * 4;
            (byte r, byte g, byte b, byte a) = (rgba[p], rgba[p + 1], rgba[p + 2], rgba[p + 3]);
            rgb[i * 3] = Over(r, a, background.R);
            rgb[(i * 3) + 1] = Over(g, a, background.G);
            rgb[(i * 3) + 2] = Over(b, a, background.B);
        }
    }

    // x / 255 rounded is (y + (y >> 8)) >> 8 with y = x + 128, exact up to 255 · 255.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Over(Vector128<ushort> source, Vector128<ushort> alpha, Vector128<ushort> behind)
    {
        Vector128<ushort> y = (source * alpha) + (behind * (Vector128.Create((ushort)255) - alpha)) + Vector128.Create((ushort)128);
        return (y + (y >>> 8)) >>> 8;
    }

    private static byte Over(byte source, byte alpha, byte behind)
    {
        int y = (source * alpha) + (behind * (255 - alpha)) + 128;
        return (byte)((y + (y >> 8)) >> 8);
    }
}

namespace SafeVision.Imaging;

/// <summary>Packed RGB pixels, as an <see cref="ImageFrame"/> holds them, for those who draw or encode.</summary>
public static class RgbPixels
{
    /// <summary>Gives each pixel an opaque fourth byte, as Skia and most encoders want it.</summary>
    /// <param name="rgb">The pixels, three bytes each.</param>
    /// <param name="rgba">Where to, four bytes a pixel.</param>
    /// <exception cref="ArgumentException">There is no room for all of them.</exception>
    public static void ToRgba(ReadOnlySpan<byte> rgb, Span<byte> rgba)
    {
        int pixels = rgb.Length / 3;
        if (rgba.Length < pixels * 4)
        {
            throw new ArgumentException($"{pixels} pixels take {pixels * 4} bytes, not {rgba.Length}.", nameof(rgba));
        }

        for (int i = 0; i < pixels; i++)
        {
            rgb.Slice(i * 3, 3).CopyTo(rgba[(i * 4)..]);
            rgba[(i * 4) + 3] = byte.MaxValue;
        }
    }
}

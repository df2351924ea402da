namespace SafeVision.Imaging;

/// <summary>
/// Straight alpha to premultiplied and back, rounded as Pillow's conversions RGBA → RGBa → RGBA are
/// (<c>Convert.c</c>). Colour under transparent pixels must not bleed into its neighbours.
/// </summary>
internal static class AlphaPremultiplication
{
    /// <summary>Multiplies all but the last of each group of <paramref name="channels"/> bytes by the last.</summary>
    public static void Multiply(ReadOnlySpan<byte> straight, Span<byte> premultiplied, int channels)
    {
        for (int i = 0; i + channels <= straight.Length; i += channels)
        {
            int alpha = straight[i + channels - 1];
            for (int channel = 0; channel < channels - 1; channel++)
            {
                int product = straight[i + channel] * alpha + 128;
                premultiplied[i + channel] = (byte)((product + (product >> 8)) >> 8);
            }

            premultiplied[i + channels - 1] = (byte)alpha;
        }
    }

    /// <summary>Divides all but the last of each group of <paramref name="channels"/> bytes by the last, in place.</summary>
    public static void Divide(Span<byte> pixels, int channels)
    {
        for (int i = 0; i + channels <= pixels.Length; i += channels)
        {
            int alpha = pixels[i + channels - 1];
            if (alpha is 0 or 255)
            {
                continue;
            }

            for (int channel = 0; channel < channels - 1; channel++)
            {
                pixels[i + channel] = (byte)Math.Min(255 * pixels[i + channel] / alpha, 255);
            }
        }
    }
}

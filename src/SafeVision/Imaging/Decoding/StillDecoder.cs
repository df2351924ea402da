using SafeVision.Imaging.Formats;

namespace SafeVision.Imaging.Decoding;

/// <summary>Decodes a PNG, BMP, or WebP of one frame in one go.</summary>
internal static class StillDecoder
{
    public static DecodedImage Decode(ReadOnlyMemory<byte> file, ImageFormat format, ImageHeader header, ImageDecodeOptions options)
    {
        PixelBuffer pixels = PixelBuffer.Rent(header.Width * header.Height * 4);
        List<ImageFrame>? others = null;
        try
        {
            using var decoder = new SkiaCodec(file, format, header.Color);
            decoder.Decode(pixels.Span, header.Width, header.Height);
            bool hasAlpha = header.HasAlpha && !(format == ImageFormat.Bmp && IsBlank(pixels.Span));
            var writer = new UprightWriter(header.Width, header.Height, header.Orientation, hasAlpha ? options.Background ?? RgbColor.White : null);
            if (hasAlpha)
            {
                AddGrounds(ref others, pixels, header, writer, options);
            }

            if (header.Orientation != Orientation.Upright)
            {
                PixelBuffer upright = PixelBuffer.Rent(header.Width * header.Height * 3);
                writer.Write(pixels.Span, header.Width * 4, 0, upright.Span);
                ((IDisposable)pixels).Dispose();
                pixels = upright;
            }
            else
            {
                // In place: three bytes never overtake the four they come from.
                writer.Write(pixels.Span, header.Width * 4, 0, pixels.Span);
            }

            var frame = new ImageFrame(0, TimeSpan.Zero, writer.Width, writer.Height, pixels);
            return new DecodedImage(format, writer.Width, writer.Height, 1, [frame], others) { HasDoubtfulColors = decoder.Conversion.IsDoubtful };
        }
        catch
        {
            ((IDisposable)pixels).Dispose();
            others?.ForEach(frame => frame.Release());
            throw;
        }
    }

    private static void AddGrounds(ref List<ImageFrame>? others, PixelBuffer rgba, ImageHeader header, UprightWriter upright, ImageDecodeOptions options) =>
        OtherRenderings.AddGrounds(
            ref others, new FramePlace(0, TimeSpan.Zero, upright.Width, upright.Height), rgba.Span, header.Width * 4, (header.Width, header.Height), header.CanIgnoreAlpha, 1, options,
            (ground, rgb) => new UprightWriter(header.Width, header.Height, header.Orientation, ground).Write(rgba.Span, header.Width * 4, 0, rgb));

    // Programs that write no alpha into a bitmap leave zeros in its place, and viewers show such a bitmap as opaque.
    public static bool IsBlank(ReadOnlySpan<byte> rgba)
    {
        for (int i = 3; i < rgba.Length; i += 4)
        {
            if (rgba[i] != 0)
            {
                return false;
            }
        }

        return true;
    }
}

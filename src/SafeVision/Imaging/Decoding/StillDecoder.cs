using SafeVision.Imaging.Formats;

namespace SafeVision.Imaging.Decoding;

/// <summary>Decodes a PNG, BMP, or WebP of one frame in one go.</summary>
internal static unsafe class StillDecoder
{
    public static DecodedImage Decode(ReadOnlyMemory<byte> file, ImageFormat format, ImageHeader header, ImageDecodeOptions options)
    {
        PixelBuffer pixels = PixelBuffer.Rent(header.Width * header.Height * 4);
        try
        {
            DecodeInto(file, format, header, pixels.Span);
            var writer = new UprightWriter(header.Width, header.Height, header.Orientation, header.HasAlpha ? options.Background : null);
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

            return DecodedImage.Single(format, writer.Width, writer.Height, new ImageFrame(0, TimeSpan.Zero, writer.Width, writer.Height, pixels));
        }
        catch
        {
            ((IDisposable)pixels).Dispose();
            throw;
        }
    }

    private static void DecodeInto(ReadOnlyMemory<byte> file, ImageFormat format, ImageHeader header, Span<byte> rgba)
    {
        using var decoder = new SkiaCodec(file, format);
        fixed (byte* start = rgba)
        {
            decoder.ThrowUnlessSuccess(decoder.Codec.GetPixels(SkiaCodec.PixelInfo(header.Width, header.Height, header.HasRgbProfile), (nint)start));
        }
    }
}

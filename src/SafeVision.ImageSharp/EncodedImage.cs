using SafeVision.Imaging;
using SafeVision.Imaging.Formats;
using Size = SixLabors.ImageSharp.Size;

namespace SafeVision.ImageSharp;

/// <summary>What an image's header says, found within the limits.</summary>
/// <param name="Format">How it is encoded.</param>
/// <param name="Width">Stored columns.</param>
/// <param name="Height">Stored rows.</param>
/// <param name="Orientations">How each frame or page is turned upright.</param>
/// <param name="HasAlpha">Whether a pixel may be transparent.</param>
/// <param name="Color">What the file says about the colors of its pixels.</param>
internal sealed record EncodedImage(ImageFormat Format, int Width, int Height, IReadOnlyList<Orientation> Orientations, bool HasAlpha, ColorInformation Color = default)
{
    public int Frames => Orientations.Count;

    /// <exception cref="ImageRejectedException">The header is not valid, or over the limits.</exception>
    public static EncodedImage Read(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        ImageFormat format = ImageFormatSniffer.Sniff(file);
        EncodedImage image = format switch
        {
            ImageFormat.Jpeg => ReadJpeg(file, limits),
            ImageFormat.Png => Of(format, PngHeader.Read(file, limits)),
            ImageFormat.WebP => Of(format, WebPHeader.Read(file, limits)),
            ImageFormat.Gif => Of(format, GifHeader.Read(file, limits) with { HasAlpha = true }),
            ImageFormat.Bmp => Of(format, BmpHeader.Read(file, limits)),
            _ => Of(TiffHeader.Read(file, limits)),
        };
        long sum = (long)image.Width * image.Height * image.Frames;
        return sum <= limits.MaxPixels
            ? image
            : throw ImageRejectedException.TooLarge(format, $"{image.Frames} frames of {image.Width}x{image.Height} are {sum} pixels, and ImageSharp decodes all of them; the limit is {limits.MaxPixels} (ImageLimits.MaxPixels)");
    }

    /// <summary>The size to decode a JPEG to where that is enough; null for the full size.</summary>
    public Size? ReducedSize(int? targetShortSide)
    {
        int scale = 1;
        while (Format == ImageFormat.Jpeg && scale < 8 && Math.Min(Width, Height) / (scale * 2) >= 2L * targetShortSide)
        {
            scale *= 2;
        }

        return scale == 1 ? null : new Size(Width / scale, Height / scale);
    }

    // ImageSharp fills what a JPEG lacks with gray and says nothing, so its scans are walked first.
    private static EncodedImage ReadJpeg(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        ImageHeader header = JpegHeader.Read(file, limits, out JpegLayout layout);
        if (!layout.HasEnd && layout.IsProgressive)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Jpeg, $"the file ends at offset {file.Length} without an end marker");
        }

        JpegScanCheck.Check(file, layout);
        return Of(ImageFormat.Jpeg, header);
    }

    private static EncodedImage Of(ImageFormat format, ImageHeader header) =>
        new(format, header.Width, header.Height, [.. Enumerable.Repeat(header.Orientation, header.Frames)], header.HasAlpha, header.Color);

    private static EncodedImage Of(List<TiffPage> pages) => pages.TrueForAll(page => page.Width == pages[0].Width && page.Height == pages[0].Height && !page.IsChild)
        ? new EncodedImage(ImageFormat.Tiff, pages[0].Width, pages[0].Height, [.. pages.Select(page => page.Orientation)], HasAlpha: true)
        : throw ImageRejectedException.Unsupported(ImageFormat.Tiff, "its pages are of different sizes, or lie below others, which ImageSharp does not decode");
}

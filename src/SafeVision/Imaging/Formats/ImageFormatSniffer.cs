namespace SafeVision.Imaging.Formats;

/// <summary>Tells the format by the first bytes, and names the common ones that are not read.</summary>
internal static class ImageFormatSniffer
{
    /// <exception cref="ImageRejectedException">Not one of the formats that are read.</exception>
    public static ImageFormat Sniff(ReadOnlySpan<byte> file) => file switch
    {
        _ when file.StartsWith(PngHeader.Signature) => ImageFormat.Png,
        [0xFF, 0xD8, 0xFF, ..] => ImageFormat.Jpeg,
        _ when file.StartsWith("RIFF"u8) && file.Length >= 12 && file[8..].StartsWith("WEBP"u8) => ImageFormat.WebP,
        _ when file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8) => ImageFormat.Gif,
        _ when file.StartsWith("BM"u8) && BmpHeader.LooksLikeOne(file) => ImageFormat.Bmp,
        _ when file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8) => ImageFormat.Tiff,
        _ => throw new ImageRejectedException(
            ImageRejectionReason.Unsupported,
            $"The {file.Length} bytes are {Name(file)}; what is read is PNG, JPEG, WebP, GIF, BMP and TIFF."),
    };

    private static string Name(ReadOnlySpan<byte> file) => file switch
    {
        [] => "no image: there are none",
        _ when file.Length >= 12 && file[4..].StartsWith("ftyp"u8) => file[8..12] switch
        {
            [(byte)'a', (byte)'v', (byte)'i', ..] => "AVIF",
            [(byte)'h', (byte)'e', ..] or [(byte)'m', (byte)'i', (byte)'f', (byte)'1'] or [(byte)'m', (byte)'s', (byte)'f', (byte)'1'] => "HEIC",
            _ => "a video or another ISO media file",
        },
        _ when RegularFile.IsGitLfsPointer(file) => "a Git LFS pointer, not the image itself, which 'git lfs pull' brings",
        _ when RegularFile.IsAppleDouble(file) => "an AppleDouble file, in which macOS keeps another file's attributes: no image",
        _ when file.StartsWith("\0\0\0\x0CjP  "u8) => "JPEG 2000",
        _ when file.StartsWith("8BPS"u8) => "a Photoshop document",
        _ when file.StartsWith("\0\0\x01\0"u8) => "an icon (ICO)",
        _ when file.StartsWith("II+\0"u8) || file.StartsWith("MM\0+"u8) => "BigTIFF",
        _ when file.StartsWith("%PDF"u8) => "PDF",
        _ when file.StartsWith("PK"u8) => "a zip archive",
        _ when file.StartsWith("<svg"u8) || file.StartsWith("<?xml"u8) => "XML or SVG",
        _ => "in no image format known here",
    };
}

/// <summary>What a format's header says, read before any pixel is allocated. Sizes are as stored, not upright.</summary>
/// <param name="Width">Stored columns.</param>
/// <param name="Height">Stored rows.</param>
/// <param name="HasAlpha">Whether a pixel may be transparent.</param>
/// <param name="Color">What it says about the colors of the pixels.</param>
/// <param name="CanIgnoreAlpha">Whether some viewers ignore the alpha: they do that with BMP and TIFF.</param>
/// <param name="FramePixels">The pixels of each frame of a GIF or an animated WebP, which need not be as large as the canvas.</param>
internal readonly record struct ImageHeader(
    int Width, int Height, int Frames = 1, Orientation Orientation = Orientation.Upright, bool HasAlpha = false,
    ColorInformation Color = default, bool CanIgnoreAlpha = false, IReadOnlyList<long>? FramePixels = null)
{
    /// <summary>Reads the header of a file, but of a JPEG's or TIFF's, which say more, and checks it against the limits.</summary>
    /// <exception cref="ImageRejectedException">It is not valid, or over the limits.</exception>
    public static ImageHeader Read(ImageFormat format, ReadOnlySpan<byte> file, ImageLimits limits) => format switch
    {
        ImageFormat.Png => PngHeader.Read(file, limits),
        ImageFormat.Bmp => BmpHeader.Read(file, limits),
        ImageFormat.WebP => WebPHeader.Read(file, limits),
        _ => GifHeader.Read(file, limits),
    };
}

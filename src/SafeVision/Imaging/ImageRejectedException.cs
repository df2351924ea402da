namespace SafeVision.Imaging;

/// <summary>An image that was refused: its bytes are at fault, not the caller. The message says what is wrong and where.</summary>
/// <param name="reason">The kind of fault.</param>
/// <param name="message">What is wrong and where: format, offset, the limit and its value. Never quotes the image's bytes.</param>
/// <param name="innerException">What the file system or stream threw, where it did.</param>
public sealed class ImageRejectedException(ImageRejectionReason reason, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The kind of fault, to act upon.</summary>
    public ImageRejectionReason Reason => reason;

    internal static ImageRejectedException Truncated(ImageFormat format, string what) => new(ImageRejectionReason.Truncated, $"{format}: {what}.");

    internal static ImageRejectedException Corrupt(ImageFormat format, string what) => new(ImageRejectionReason.Corrupt, $"{format}: {what}.");

    internal static ImageRejectedException Unsupported(ImageFormat format, string what) => new(ImageRejectionReason.Unsupported, $"{format}: {what}.");

    internal static ImageRejectedException TooLarge(ImageFormat format, string what) => new(ImageRejectionReason.TooLarge, $"{format}: {what}.");
}

/// <summary>Why an image was not decoded. None of these means that the image is safe.</summary>
public enum ImageRejectionReason
{
    /// <summary>Not one of the formats that are read, or a variant of one that is not.</summary>
    Unsupported,

    /// <summary>The data end before the image does.</summary>
    Truncated,

    /// <summary>Over one of the <see cref="ImageLimits"/>; found before the pixels were allocated.</summary>
    TooLarge,

    /// <summary>The contents contradict the format.</summary>
    Corrupt,

    /// <summary>The file or stream could not be read: missing, not allowed, not a regular file, or failing.</summary>
    Unreadable,
}

/// <summary>The encodings that are read. The content decides, never a file's name or a declared media type.</summary>
public enum ImageFormat
{
    /// <summary>Not encoded: the caller gave pixels.</summary>
    Pixels,

    /// <summary>Portable Network Graphics, animated ones (APNG) included.</summary>
    Png,

    /// <summary>JPEG, baseline and progressive, 8 bits a sample: gray, YCbCr, RGB or CMYK.</summary>
    Jpeg,

    /// <summary>WebP: lossy, lossless, animated.</summary>
    WebP,

    /// <summary>GIF87a and GIF89a, animated ones included.</summary>
    Gif,

    /// <summary>Windows bitmap.</summary>
    Bmp,

    /// <summary>TIFF 6.0, all pages and the images below them, as in DNG; not BigTIFF.</summary>
    Tiff,
}

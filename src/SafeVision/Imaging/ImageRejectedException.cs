namespace SafeVision.Imaging;

/// <summary>An image that was refused: its bytes are at fault, not the caller. The message says what is wrong and where.</summary>
public sealed class ImageRejectedException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="reason">The kind of fault.</param>
    /// <param name="message">What is wrong and where: format, offset, the limit and its value. Never quotes the image's bytes.</param>
    /// <param name="innerException">What the file system or stream threw, where it did.</param>
    public ImageRejectedException(ImageRejectionReason reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>The kind of fault, to act upon.</summary>
    public ImageRejectionReason Reason { get; }

    internal static ImageRejectedException Truncated(ImageFormat format, string what) => new(ImageRejectionReason.Truncated, $"{format}: {what}.");

    internal static ImageRejectedException Corrupt(ImageFormat format, string what) => new(ImageRejectionReason.Corrupt, $"{format}: {what}.");

    internal static ImageRejectedException Unsupported(ImageFormat format, string what) => new(ImageRejectionReason.Unsupported, $"{format}: {what}.");

    internal static ImageRejectedException TooLarge(ImageFormat format, string what) => new(ImageRejectionReason.TooLarge, $"{format}: {what}.");
}

namespace SafeVision.Imaging;

/// <summary>Turns an untrusted image into upright RGB pixels, or refuses it.</summary>
/// <remarks>
/// Implementations are thread-safe, keep no state of an image, and treat every byte as hostile: for any input they return or
/// throw <see cref="ImageRejectedException"/>, within the limits of the options. Decoding runs on the calling thread. The
/// result belongs to the caller, who disposes it; the source stays the caller's, but a stream that was not to be left open is
/// closed once read.
/// </remarks>
public interface IImageDecoder
{
    /// <summary>Reads and decodes an image.</summary>
    /// <param name="source">The image.</param>
    /// <param name="options">Limits, target size, background and sampling.</param>
    /// <param name="cancellationToken">Stops the reading, and the decoding between rows or frames.</param>
    /// <returns>Sampled frames, at least one, upright and in sRGB.</returns>
    /// <exception cref="ImageRejectedException">The image is unsupported, truncated, too large, corrupt or unreadable.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<DecodedImage> DecodeAsync(ImageSource source, ImageDecodeOptions options, CancellationToken cancellationToken);
}

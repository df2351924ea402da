using SafeVision.Imaging.Decoding;

namespace SafeVision.Imaging;

/// <summary>A decoded image: upright sRGB frames in pooled memory, which <see cref="Dispose"/> gives back.</summary>
/// <remarks>Reading is thread-safe. Nothing may use the pixels while or after the image is disposed.</remarks>
public sealed class DecodedImage : IDisposable
{
    /// <summary>Creates an image that takes over the frames. For those who write an <see cref="IImageDecoder"/>.</summary>
    /// <param name="format">How it was encoded.</param>
    /// <param name="width">Columns of the upright image at full size.</param>
    /// <param name="height">Rows of the upright image at full size.</param>
    /// <param name="frameCount">Frames or pages in the file.</param>
    /// <param name="frames">The frames that were decoded, at least one, in order.</param>
    /// <exception cref="ArgumentException">There is no frame, or a number is not positive.</exception>
    public DecodedImage(ImageFormat format, int width, int height, int frameCount, IReadOnlyList<ImageFrame> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (frames.Count == 0 || frameCount < frames.Count)
        {
            throw new ArgumentException($"An image has at least one frame, and no more frames decoded ({frames.Count}) than it holds ({frameCount}).", nameof(frames));
        }

        Format = format;
        Width = width;
        Height = height;
        FrameCount = frameCount;
        Frames = frames;
    }

    /// <summary>How the image was encoded.</summary>
    public ImageFormat Format { get; }

    /// <summary>Columns of the upright image at full size: an animation's canvas, a TIFF's first page.</summary>
    public int Width { get; }

    /// <summary>Rows of the upright image at full size: an animation's canvas, a TIFF's first page.</summary>
    public int Height { get; }

    /// <summary>Frames of the animation or pages in the file, whether decoded or not; 1 for other images.</summary>
    public int FrameCount { get; }

    /// <summary>The frames that were decoded, at least one, in the file's order.</summary>
    public IReadOnlyList<ImageFrame> Frames { get; }

    /// <summary>An image from pixels: alpha is composited on the background, gray becomes RGB. The pixels are copied.</summary>
    /// <param name="pixels">The pixels.</param>
    /// <param name="options">Limits and background.</param>
    /// <exception cref="ImageRejectedException">The pixels are over the limits.</exception>
    public static DecodedImage FromPixels(ImagePixels pixels, ImageDecodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(options);
        options.Limits.CheckSize(ImageFormat.Pixels, pixels.Width, pixels.Height, 0);
        PixelBuffer buffer = PixelBuffer.Rent(pixels.Width * pixels.Height * 3);
        for (int y = 0; y < pixels.Height; y++)
        {
            PixelConverter.ToRgb(pixels.Row(y), pixels.Format, options.Background, buffer.Span.Slice(y * pixels.Width * 3, pixels.Width * 3));
        }

        return Single(ImageFormat.Pixels, pixels.Width, pixels.Height, new ImageFrame(0, TimeSpan.Zero, pixels.Width, pixels.Height, buffer));
    }

    /// <summary>Gives the memory of all frames back. More than once does no harm.</summary>
    public void Dispose()
    {
        foreach (ImageFrame frame in Frames)
        {
            frame.Release();
        }
    }

    internal static DecodedImage Single(ImageFormat format, int width, int height, ImageFrame frame) => new(format, width, height, 1, new ImageFrame[] { frame });
}

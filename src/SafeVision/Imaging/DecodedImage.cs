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
    /// <param name="otherRenderings">The same frames as other viewers show them, where that differs; null for none.</param>
    /// <exception cref="ArgumentException">There is no frame, or a number is not positive.</exception>
    public DecodedImage(
        ImageFormat format, int width, int height, int frameCount, IReadOnlyList<ImageFrame> frames, IReadOnlyList<ImageFrame>? otherRenderings = null)
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
        OtherRenderings = otherRenderings ?? [];
        Judged = OtherRenderings.Count == 0 ? frames : [.. frames, .. OtherRenderings];
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

    /// <summary>Some of the frames once more, as other viewers show them: on a dark page, without alpha, with colours as stored.</summary>
    public IReadOnlyList<ImageFrame> OtherRenderings { get; }

    /// <summary>All frames that are to be judged: <see cref="Frames"/>, then <see cref="OtherRenderings"/>.</summary>
    public IReadOnlyList<ImageFrame> Judged { get; }

    /// <summary>Whether viewers that take colours as stored may show something else.</summary>
    internal bool HasDoubtfulColors { get; set; }

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
        List<ImageFrame>? others = null;
        try
        {
            ToRgb(pixels, options.Background ?? RgbColor.White, buffer.Span);
            if (pixels.Format is PixelFormat.Rgba32 or PixelFormat.Bgra32)
            {
                others = OnOtherGrounds(pixels, options);
            }
        }
        catch
        {
            ((IDisposable)buffer).Dispose();
            others?.ForEach(frame => frame.Release());
            throw;
        }

        var frame = new ImageFrame(0, TimeSpan.Zero, pixels.Width, pixels.Height, buffer);
        return new DecodedImage(ImageFormat.Pixels, pixels.Width, pixels.Height, 1, [frame], others);
    }

    private static List<ImageFrame>? OnOtherGrounds(ImagePixels pixels, ImageDecodeOptions options)
    {
        List<ImageFrame>? others = null;
        Decoding.OtherRenderings.AddGrounds(
            ref others, new FramePlace(0, TimeSpan.Zero, pixels.Width, pixels.Height), pixels.Memory.Span, pixels.Stride, (pixels.Width, pixels.Height),
            canIgnoreAlpha: false, 1, options, (ground, rgb) => ToRgb(pixels, ground!.Value, rgb));
        return others;
    }

    private static void ToRgb(ImagePixels pixels, RgbColor background, Span<byte> rgb)
    {
        for (int y = 0; y < pixels.Height; y++)
        {
            PixelConverter.ToRgb(pixels.Row(y), pixels.Format, background, rgb.Slice(y * pixels.Width * 3, pixels.Width * 3));
        }
    }

    /// <summary>Gives the memory of all frames back. More than once does no harm.</summary>
    public void Dispose()
    {
        foreach (ImageFrame frame in Judged)
        {
            frame.Release();
        }
    }

    internal static DecodedImage Single(ImageFormat format, int width, int height, ImageFrame frame) => new(format, width, height, 1, new ImageFrame[] { frame });
}

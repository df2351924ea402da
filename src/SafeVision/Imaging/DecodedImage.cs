// Imaging: from an ImageSource to a network's input. SkiaImageDecoder decodes within ImageDecodeOptions' limits (Formats/ has the formats),
// DecodedImage holds upright RGB frames in pooled memory, ImagePreprocessor makes a tensor of one by a PreprocessingRecipe (Resizing/).

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

    /// <summary>Some of the frames once more, as other viewers show them: on a dark page, without alpha, with colors as stored.</summary>
    public IReadOnlyList<ImageFrame> OtherRenderings { get; }

    /// <summary>All frames that are to be judged: <see cref="Frames"/>, then <see cref="OtherRenderings"/>.</summary>
    public IReadOnlyList<ImageFrame> Judged { get; }

    internal bool HasDoubtfulColors { get; set; } // whether viewers that take colors as stored may show something else

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
        var stored = new StoredPixels(pixels.Memory.Span, pixels.Stride, pixels.Width, pixels.Height, Orientation.Upright);
        Formats.OtherRenderings.AddGrounds(ref others, 0, TimeSpan.Zero, stored, canIgnoreAlpha: false, 1, options);
        if (pixels.Format == PixelFormat.Bgra32)
        {
            // Black and gray are the same either way.
            others?.ForEach(frame => PixelConverter.SwapRedAndBlue(frame.Owner.Memory.Span));
        }

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

/// <summary>One frame of an animation, one page of a TIFF, or the only image of any other image: upright sRGB pixels.</summary>
/// <remarks>Belongs to its <see cref="DecodedImage"/> and ends with it. Reading is thread-safe.</remarks>
public sealed class ImageFrame
{
    private IMemoryOwner<byte>? _owner;

    /// <summary>Creates a frame. For those who write an <see cref="IImageDecoder"/>.</summary>
    /// <param name="index">Which frame of the file this is, from 0.</param>
    /// <param name="timestamp">When an animation shows it, from its start.</param>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="owner">Packed RGB24 rows from the top, possibly followed by more bytes. Disposed with the image.</param>
    /// <exception cref="ArgumentException">The sizes are not positive, or the memory is too short for them.</exception>
    public ImageFrame(int index, TimeSpan timestamp, int width, int height, IMemoryOwner<byte> owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (owner.Memory.Length < (long)width * height * 3)
        {
            throw new ArgumentException($"{width}x{height} RGB24 pixels need {(long)width * height * 3} bytes; there are {owner.Memory.Length}.", nameof(owner));
        }

        Index = index;
        Timestamp = timestamp;
        Width = width;
        Height = height;
        _owner = owner;
    }

    /// <summary>Which frame of the file this is, from 0.</summary>
    public int Index { get; }

    /// <summary>How the frame is shown; <see cref="ImageRendering.Default"/> in <see cref="DecodedImage.Frames"/>.</summary>
    public ImageRendering Rendering { get; init; }

    /// <summary>When an animation shows it, from its start; zero for pages and still images.</summary>
    public TimeSpan Timestamp { get; }

    /// <summary>Pixels in a row: the image's width, or less where it was decoded at a reduced scale; a TIFF page has its own.</summary>
    public int Width { get; }

    /// <summary>Rows: the image's height, or less where it was decoded at a reduced scale; a TIFF page has its own.</summary>
    public int Height { get; }

    /// <summary>Tightly packed RGB24, rows from the top. Not to be kept beyond the image: the memory goes back to a pool.</summary>
    /// <exception cref="ObjectDisposedException">The image was disposed.</exception>
    public ReadOnlySpan<byte> Pixels => Owner.Memory.Span[..(Width * Height * 3)];

    internal IMemoryOwner<byte> Owner => Volatile.Read(ref _owner) ?? throw new ObjectDisposedException(nameof(DecodedImage));

    /// <summary>The same pixels as another rendering; this frame no longer has them.</summary>
    internal ImageFrame MoveTo(ImageRendering rendering)
    {
        IMemoryOwner<byte> owner = Interlocked.Exchange(ref _owner, null) ?? throw new ObjectDisposedException(nameof(DecodedImage));
        return new ImageFrame(Index, Timestamp, Width, Height, owner) { Rendering = rendering };
    }

    internal void Release() => Interlocked.Exchange(ref _owner, null)?.Dispose();
}

/// <summary>How a frame is shown. Viewers differ, and what one of them hides another shows, so a frame may be judged in several ways.</summary>
public enum ImageRendering
{
    /// <summary>On the background, with colors converted to sRGB by what the file says about them.</summary>
    Default,

    /// <summary>On a black page, where something else shows through transparency than on a white one.</summary>
    OnBlack,

    /// <summary>On a gray page.</summary>
    OnGray,

    /// <summary>Without transparency, as viewers show it that ignore the alpha of a BMP or TIFF.</summary>
    AlphaIgnored,

    /// <summary>With colors as they are stored, as viewers without color management show them.</summary>
    ColorsAsStored,
}

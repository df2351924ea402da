namespace SafeVision.Imaging;

/// <summary>What the bytes of an image say about it, read and held to the limits before a pixel is decoded. For those who write an
/// <see cref="IImageDecoder"/> over another library: read this first, decode the frames that <see cref="Choose"/> names, and let a
/// <see cref="FrameAssembly"/> make of them what SafeVision's own decoder would. Immutable and thread-safe.</summary>
public sealed class EncodedImage
{
    private readonly IReadOnlyList<Orientation> _orientations;

    private EncodedImage(ImageFormat format, int width, int height, IReadOnlyList<Orientation> orientations, bool hasAlpha, ColorConversion color)
    {
        (Format, Width, Height, _orientations, HasAlpha, Color) = (format, width, height, orientations, hasAlpha, color);
    }

    /// <summary>How the image is encoded.</summary>
    public ImageFormat Format { get; }

    /// <summary>Stored columns: of an animation its canvas's, of a TIFF its first page's.</summary>
    public int Width { get; }

    /// <summary>Stored rows.</summary>
    public int Height { get; }

    /// <summary>Frames or pages in the file.</summary>
    public int FrameCount => _orientations.Count;

    /// <summary>Whether each frame or page is as large as the first, and none lies below another page, as in a DNG.</summary>
    public bool IsUniform { get; private init; } = true;

    internal bool HasAlpha { get; } // whether a pixel may be transparent
    internal ColorConversion Color { get; } // how its pixels become sRGB

    /// <summary>Whether an image stored like this is turned by a quarter to stand upright.</summary>
    internal bool IsTurned => UprightWriter.Swaps(_orientations[0]);

    /// <summary>Reads headers, and walks the scans of a JPEG to their end; decodes nothing.</summary>
    /// <param name="file">The bytes of the file.</param>
    /// <param name="limits">What the image may cost.</param>
    /// <exception cref="ImageRejectedException">The format is not one that is read, the headers are not valid, or they are over the limits.</exception>
    public static EncodedImage Read(ReadOnlyMemory<byte> file, ImageLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ReadOnlySpan<byte> bytes = file.Span;
        ImageFormat format = ImageFormatSniffer.Sniff(bytes);
        if (format == ImageFormat.Tiff)
        {
            List<TiffPage> pages = TiffHeader.Read(bytes, limits);
            return new EncodedImage(format, pages[0].Width, pages[0].Height, [.. pages.Select(page => page.Orientation)], hasAlpha: true, default)
            {
                IsUniform = pages.TrueForAll(page => page.Width == pages[0].Width && page.Height == pages[0].Height && !page.IsChild),
            };
        }

        ImageHeader header = format == ImageFormat.Jpeg ? ReadJpeg(bytes, limits) : ImageHeader.Read(format, bytes, limits);
        return new EncodedImage(
            format, header.Width, header.Height, [.. Enumerable.Repeat(header.Orientation, header.Frames)], header.HasAlpha, ColorConversion.ForStored(file, format, header.Color));
    }

    /// <summary>Which frames to judge: of an animation those shown longest, the first and the last, and some between them; pages evenly spread.</summary>
    /// <param name="durations">How long each frame is shown; as many as were decoded, which are fewer than <see cref="FrameCount"/> where a file is cut.</param>
    /// <param name="most">The most frames to choose, at least 1.</param>
    /// <returns>Indices, in order.</returns>
    public IReadOnlyList<int> Choose(IReadOnlyList<TimeSpan> durations, int most)
    {
        ArgumentNullException.ThrowIfNull(durations);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        int samples = Math.Min(durations.Count, most);
        return Format == ImageFormat.Tiff
            ? [.. Enumerable.Range(0, samples).Select(sample => FrameSampling.IndexOf(sample, samples, durations.Count))]
            : new FrameSampling(durations).Choose(new FrameLook?[durations.Count], most);
    }

    internal Orientation OrientationOf(int frame) => _orientations[Math.Min(frame, _orientations.Count - 1)];

    // Some decoders fill what a JPEG lacks with gray and say nothing, so its scans are walked first.
    private static ImageHeader ReadJpeg(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        ImageHeader header = JpegHeader.Read(file, limits, out JpegLayout layout);
        if (!layout.HasEnd && layout.IsProgressive)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Jpeg, $"the file ends at offset {file.Length} without an end marker");
        }

        JpegScanCheck.Check(file, layout);
        return header;
    }
}

/// <summary>Makes a <see cref="DecodedImage"/> of frames that another library decoded: turns them upright, converts their colors,
/// puts them on the background, and adds what other viewers show of them. Not thread-safe; disposing it gives back what was not
/// built.</summary>
/// <param name="image">What the bytes say.</param>
/// <param name="options">Background and limits.</param>
public sealed class FrameAssembly(EncodedImage image, ImageDecodeOptions options) : IDisposable
{
    private readonly List<ImageFrame> _frames = [];
    private List<ImageFrame>? _others;

    /// <summary>Adds a frame, later than those before.</summary>
    /// <param name="index">Which frame of the file it is, from 0.</param>
    /// <param name="timestamp">When an animation shows it.</param>
    /// <param name="width">Its columns as stored.</param>
    /// <param name="height">Its rows as stored.</param>
    /// <param name="rgba">Its pixels, four bytes each with straight alpha, composed with the frames before it, colors as stored. Changed by this.</param>
    /// <param name="frames">How many frames will be added in all.</param>
    /// <exception cref="ArgumentException">The pixels are fewer than the size says.</exception>
    public void Add(int index, TimeSpan timestamp, int width, int height, Memory<byte> rgba, int frames)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfLessThan(rgba.Length, (long)width * height * 4, nameof(rgba));
        rgba = rgba[..(width * height * 4)];
        Orientation orientation = image.OrientationOf(index);
        bool hasAlpha = image.HasAlpha && !(image.Format == ImageFormat.Bmp && StillDecoder.IsBlank(rgba.Span));
        var writer = new UprightWriter(width, height, orientation, hasAlpha ? options.Background ?? RgbColor.White : null);
        if (image.Color.IsDoubtful)
        {
            (_others ??= []).Add(Write(writer, rgba.Span, width, index, timestamp, ImageRendering.ColorsAsStored));
        }

        image.Color.Apply(rgba.Span, width, height);
        if (hasAlpha)
        {
            OtherRenderings.AddGrounds(
                ref _others, index, timestamp, new StoredPixels(rgba.Span, width * 4, width, height, orientation),
                image.Format is ImageFormat.Bmp or ImageFormat.Tiff, frames, options);
        }

        _frames.Add(Write(writer, rgba.Span, width, index, timestamp, ImageRendering.Default));
    }

    /// <summary>The image of all frames added, which belongs to the caller.</summary>
    /// <param name="frameCount">Frames in the file that could be decoded.</param>
    public DecodedImage Build(int frameCount)
    {
        (int width, int height) = image.IsTurned ? (image.Height, image.Width) : (image.Width, image.Height);
        var built = new DecodedImage(image.Format, width, height, frameCount, [.. _frames], _others?.ToArray());
        _frames.Clear();
        _others = null;
        return built;
    }

    /// <summary>Gives back the frames of an image that was not built. More than once does no harm.</summary>
    public void Dispose()
    {
        _frames.ForEach(frame => frame.Release());
        _others?.ForEach(frame => frame.Release());
    }

    private static ImageFrame Write(UprightWriter writer, ReadOnlySpan<byte> rgba, int width, int index, TimeSpan timestamp, ImageRendering rendering)
    {
        PixelBuffer pixels = PixelBuffer.Rent(writer.Width * writer.Height * 3);
        writer.Write(rgba, width * 4, 0, pixels.Span);
        return new ImageFrame(index, timestamp, writer.Width, writer.Height, pixels) { Rendering = rendering };
    }
}

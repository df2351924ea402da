namespace SafeVision.Imaging;

/// <summary>Resizes 8-bit images. The result equals <c>PIL.Image.resize</c> of Pillow 12 bit for bit: models were trained on images
/// made by it, and a score should not depend on who shrank the image.</summary>
/// <remarks>Thread-safe. Working memory is pooled and bounded by the size of the computed part of the target; weights of recent
/// sizes are cached, so repeated sizes allocate nothing.</remarks>
public static class ImageResizer
{
    /// <summary>The largest width or height of a source, and of a computed target, in pixels: 262,144.</summary>
    public const int MaximumSourceSide = 1 << 18;

    /// <summary>The largest width or height of a target, in pixels: 2^30. Of a target this large only a part is ever computed.</summary>
    public const int MaximumTargetSide = 1 << 30;

    /// <summary>Resizes a whole image.</summary>
    /// <param name="source">The pixels, at least width x height of them.</param>
    /// <param name="width">The source's columns.</param>
    /// <param name="height">The source's rows.</param>
    /// <param name="layout">What a pixel is, in both images.</param>
    /// <param name="destination">Receives the resized pixels; must not overlap the source.</param>
    /// <param name="newWidth">The target's columns.</param>
    /// <param name="newHeight">The target's rows.</param>
    /// <param name="filter">The kernel.</param>
    /// <exception cref="ArgumentException">A size, a buffer or an enumeration value does not fit.</exception>
    public static void Resize(
        ReadOnlySpan<byte> source, int width, int height, PixelLayout layout, Span<byte> destination, int newWidth, int newHeight, ResampleFilter filter) =>
        Resize(source, width, height, layout, destination, new ResizeOptions(newWidth, newHeight, filter));

    /// <summary>Resizes an image, or a part of it, or computes a part of the resized image.</summary>
    /// <param name="source">The pixels, at least width x height of them.</param>
    /// <param name="width">The source's columns, 1 to <see cref="MaximumSourceSide"/>.</param>
    /// <param name="height">The source's rows, 1 to <see cref="MaximumSourceSide"/>.</param>
    /// <param name="layout">What a pixel is, in both images.</param>
    /// <param name="destination">Receives the resized pixels, or those of the window, without padding; must not overlap
    /// the source.</param>
    /// <param name="options">The target.</param>
    /// <exception cref="ArgumentException">A size, a buffer, an option or an enumeration value does not fit.</exception>
    public static void Resize(
        ReadOnlySpan<byte> source, int width, int height, PixelLayout layout, Span<byte> destination, in ResizeOptions options)
    {
        ResizeTarget target = Check(source, width, height, layout, options);
        RequireBytes(destination.Length, (long)target.Columns.Count * target.Rows.Count * (int)layout, nameof(destination));
        if (source.Overlaps(destination))
        {
            throw new ArgumentException("The destination overlaps the source.", nameof(destination));
        }

        var view = new PixelView(source, (nint)width * (int)layout, width, height, layout);
        var sink = new BufferSink(destination, target.Columns.Count * (int)layout);
        Resize(view, target, options, ResampleKernel.Best, ref sink);
    }

    /// <summary>Resizes an image, or a part of it, and hands on row after row, so that the result need not be kept.</summary>
    /// <typeparam name="TSink">Takes the rows.</typeparam>
    /// <inheritdoc cref="Resize(ReadOnlySpan{byte}, int, int, PixelLayout, Span{byte}, in ResizeOptions)"/>
    /// <param name="source">The pixels, at least width x height of them.</param>
    /// <param name="width">The source's columns, 1 to <see cref="MaximumSourceSide"/>.</param>
    /// <param name="height">The source's rows, 1 to <see cref="MaximumSourceSide"/>.</param>
    /// <param name="layout">What a pixel is, in both images.</param>
    /// <param name="options">The target.</param>
    /// <param name="sink">Takes each row once, from the first to the last.</param>
    public static void Resize<TSink>(
        ReadOnlySpan<byte> source, int width, int height, PixelLayout layout, in ResizeOptions options, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct
    {
        ResizeTarget target = Check(source, width, height, layout, options);
        Resize(new PixelView(source, (nint)width * (int)layout, width, height, layout), target, options, ResampleKernel.Best, ref sink);
    }

    private static ResizeTarget Check(ReadOnlySpan<byte> source, int width, int height, PixelLayout layout, in ResizeOptions options)
    {
        if (!Enum.IsDefined(layout))
        {
            throw new ArgumentOutOfRangeException(nameof(layout), layout, "The pixel layout is not one of the known ones.");
        }

        RequireSide(width, nameof(width));
        RequireSide(height, nameof(height));
        RequireBytes(source.Length, (long)width * height * (int)layout, nameof(source));
        return ResizeTarget.Create(width, height, options);
    }

    /// <summary>Resizes checked input with a given kernel.</summary>
    internal static void Resize<TSink>(
        in PixelView source, in ResizeTarget target, in ResizeOptions options, ResampleKernel kernel, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct
    {
        if (options.Filter == ResampleFilter.Nearest)
        {
            NearestResampler.Run(source, target.Columns, target.Rows, ref sink);
            return;
        }

        if (options.ReducingGap is double gap && !source.HasAlpha)
        {
            BoxReduction reduction = BoxReduction.Plan(source.Width, source.Height, target.Box, options, gap);
            if (!reduction.IsNone)
            {
                ResizeReduced(source, reduction, target, options, kernel, ref sink);
                return;
            }
        }

        SeparableResampler.Run(
            source, ResampleAxisCache.Shared.Get(target.Columns), ResampleAxisCache.Shared.Get(target.Rows), kernel, ref sink);
    }

    private static void ResizeReduced<TSink>(
        in PixelView source, in BoxReduction reduction, in ResizeTarget target, in ResizeOptions options, ResampleKernel kernel, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct
    {
        int stride = reduction.Width * source.Channels;
        int length = checked(stride * reduction.Height);
        using var pixels = new Scratch<byte>(length);
        reduction.Run(source, pixels.Span);
        var view = new PixelView(pixels.Span, stride, reduction.Width, reduction.Height, source.Layout);
        ResizeOptions rest = options with { Box = reduction.Map(target.Box), ReducingGap = null };
        Resize(view, ResizeTarget.Create(view.Width, view.Height, rest), rest, kernel, ref sink);
    }

    private static void RequireSide(int side, string name)
    {
        if (side is < 1 or > MaximumSourceSide)
        {
            throw new ArgumentOutOfRangeException(name, side, $"A side of the source must be 1 to {MaximumSourceSide} pixels.");
        }
    }

    private static void RequireBytes(int length, long needed, string name)
    {
        if (length < needed)
        {
            throw new ArgumentException($"The {name} has {length} bytes; its size and layout need {needed}.", name);
        }
    }

    private readonly ref struct BufferSink(Span<byte> buffer, int rowBytes) : IResampleRowSink
    {
        private readonly Span<byte> _buffer = buffer;

        public void Write(int row, ReadOnlySpan<byte> pixels) => pixels.CopyTo(_buffer.Slice(row * rowBytes, rowBytes));
    }
}

/// <summary>What <see cref="ImageResizer"/> should make of an image.</summary>
public readonly record struct ResizeOptions
{
    /// <summary>Options for a target of the given size.</summary>
    /// <param name="width">Columns of the resized image, 1 to <see cref="ImageResizer.MaximumTargetSide"/>.</param>
    /// <param name="height">Rows of the resized image, 1 to <see cref="ImageResizer.MaximumTargetSide"/>.</param>
    /// <param name="filter">The kernel.</param>
    public ResizeOptions(int width, int height, ResampleFilter filter)
    {
        Width = width;
        Height = height;
        Filter = filter;
    }

    /// <summary>Columns of the resized image.</summary>
    public int Width { get; init; }

    /// <summary>Rows of the resized image.</summary>
    public int Height { get; init; }

    /// <summary>The kernel.</summary>
    public ResampleFilter Filter { get; init; }

    internal ResampleBox? Box { get; init; } // the part of the source that becomes the target. Default: all of it.
    internal ResizeWindow? Window { get; init; } // the part of the target to compute. Default: all of it.

    /// <summary>Pillow's <c>reducing_gap</c>, at least 1: where the source is more than this many times the target's size, it is
    /// first shrunk by a whole factor with plain means, which is faster and slightly less exact. Default: never. As in Pillow,
    /// <see cref="ResampleFilter.Nearest"/> and layouts with alpha ignore it.</summary>
    public double? ReducingGap { get; init; }
}

/// <summary>The kernel that an image is resampled with. The names and the numbers they give are Pillow's
/// (<c>PIL.Image.Resampling</c>): when an image shrinks, the kernel is widened by the scale, so nothing aliases.</summary>
public enum ResampleFilter
{
    /// <summary>The one source pixel under the centre of the target pixel. Fast, and aliases.</summary>
    Nearest,

    /// <summary>The mean of the source pixels under the target pixel; support 0.5.</summary>
    Box,

    /// <summary>A triangle; support 1.</summary>
    Bilinear,

    /// <summary>A Hamming-windowed sinc, sharper than <see cref="Bilinear"/> at the same cost; support 1.</summary>
    Hamming,

    /// <summary>Keys' cubic convolution with a = -0.5; support 2.</summary>
    Bicubic,

    /// <summary>A sinc windowed by the centre lobe of a wider sinc; support 3.</summary>
    Lanczos,
}

/// <summary>How the bytes of an image lie in memory: rows from top to bottom without padding, eight bits a channel. The value of a
/// member is its number of bytes a pixel. Alpha is straight, not premultiplied.</summary>
public enum PixelLayout
{
    /// <summary>One byte: luminance.</summary>
    Gray8 = 1,

    /// <summary>Two bytes: luminance, alpha.</summary>
    GrayAlpha16 = 2,

    /// <summary>Three bytes: red, green, blue.</summary>
    Rgb24 = 3,

    /// <summary>Four bytes: red, green, blue, alpha.</summary>
    Rgba32 = 4,
}

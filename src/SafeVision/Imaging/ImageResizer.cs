
namespace SafeVision.Imaging;

/// <summary>
/// Resizes 8-bit pictures. The result equals <c>PIL.Image.resize</c> of Pillow 12 bit for bit: models were trained on
/// pictures made by it, and a score should not depend on who shrank the picture.
/// </summary>
/// <remarks>
/// Thread-safe. Working memory is pooled and bounded by the size of the computed part of the target; weights of recent
/// sizes are cached, so repeated sizes allocate nothing.
/// </remarks>
public static class ImageResizer
{
    /// <summary>The largest width or height of a source, and of a computed target, in pixels: 262,144.</summary>
    public const int MaximumSourceSide = 1 << 18;

    /// <summary>
    /// The largest width or height of a target, in pixels: 2^30. Only a <see cref="ResizeOptions.Window"/> of a target
    /// this large can be computed.
    /// </summary>
    public const int MaximumTargetSide = 1 << 30;

    /// <summary>Resizes a whole picture.</summary>
    /// <param name="source">The pixels, at least width x height of them.</param>
    /// <param name="width">The source's columns.</param>
    /// <param name="height">The source's rows.</param>
    /// <param name="layout">What a pixel is, in both pictures.</param>
    /// <param name="destination">Receives the resized pixels; must not overlap the source.</param>
    /// <param name="newWidth">The target's columns.</param>
    /// <param name="newHeight">The target's rows.</param>
    /// <param name="filter">The kernel.</param>
    /// <exception cref="ArgumentException">A size, a buffer or an enumeration value does not fit.</exception>
    public static void Resize(
        ReadOnlySpan<byte> source, int width, int height, PixelLayout layout, Span<byte> destination, int newWidth, int newHeight, ResampleFilter filter) =>
        Resize(source, width, height, layout, destination, new ResizeOptions(newWidth, newHeight, filter));

    /// <summary>Resizes a picture, or a part of it, or computes a part of the resized picture.</summary>
    /// <param name="source">The pixels, at least width x height of them.</param>
    /// <param name="width">The source's columns, 1 to <see cref="MaximumSourceSide"/>.</param>
    /// <param name="height">The source's rows, 1 to <see cref="MaximumSourceSide"/>.</param>
    /// <param name="layout">What a pixel is, in both pictures.</param>
    /// <param name="destination">
    /// Receives the resized pixels, or those of the window, without padding; must not overlap the source.
    /// </param>
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

    /// <summary>Resizes a picture, or a part of it, and hands on row after row, so that the result need not be kept.</summary>
    /// <typeparam name="TSink">Takes the rows.</typeparam>
    /// <inheritdoc cref="Resize(ReadOnlySpan{byte}, int, int, PixelLayout, Span{byte}, in ResizeOptions)"/>
    /// <param name="source">The pixels, at least width x height of them.</param>
    /// <param name="width">The source's columns, 1 to <see cref="MaximumSourceSide"/>.</param>
    /// <param name="height">The source's rows, 1 to <see cref="MaximumSourceSide"/>.</param>
    /// <param name="layout">What a pixel is, in both pictures.</param>
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
        byte[] pixels = ScratchPool<byte>.Rent(length);
        try
        {
            reduction.Run(source, pixels);
            var view = new PixelView(pixels.AsSpan(0, length), stride, reduction.Width, reduction.Height, source.Layout);
            ResizeOptions rest = options with { Box = reduction.Map(target.Box), ReducingGap = null };
            Resize(view, ResizeTarget.Create(view.Width, view.Height, rest), rest, kernel, ref sink);
        }
        finally
        {
            ScratchPool<byte>.Return(pixels);
        }
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

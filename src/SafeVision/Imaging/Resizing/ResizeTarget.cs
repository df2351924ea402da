namespace SafeVision.Imaging;

/// <summary>Checked <see cref="ResizeOptions"/> for a source of a known size, taken apart into the two axes.</summary>
/// <param name="Box">The part of the source that becomes the target.</param>
/// <param name="Columns">The axis along x.</param>
/// <param name="Rows">The axis along y.</param>
internal readonly record struct ResizeTarget(ResampleBox Box, ResampleAxisKey Columns, ResampleAxisKey Rows)
{
    public static ResizeTarget Create(int width, int height, in ResizeOptions options)
    {
        RequireSide(options.Width, nameof(ResizeOptions.Width));
        RequireSide(options.Height, nameof(ResizeOptions.Height));
        if (!Enum.IsDefined(options.Filter))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Filter, "The filter is not one of the known ones.");
        }

        if (options.ReducingGap is double gap && !(gap >= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(options), gap, "ReducingGap must be at least 1.");
        }

        ResampleBox box = options.Box ?? new ResampleBox(0, 0, width, height);
        if (!(box.Left >= 0 && box.Top >= 0 && box.Right > box.Left && box.Bottom > box.Top && box.Right <= width && box.Bottom <= height))
        {
            throw new ArgumentOutOfRangeException(nameof(options), box, $"The box is empty or not inside the {width}x{height} source.");
        }

        ResizeWindow window = options.Window ?? new ResizeWindow(0, 0, options.Width, options.Height);
        if (Math.Max(window.Width, window.Height) > ImageResizer.MaximumSourceSide)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), window, $"A computed side must be at most {ImageResizer.MaximumSourceSide} pixels.");
        }

        if (window.X < 0 || window.Y < 0 || window.Width < 1 || window.Height < 1
            || window.X > options.Width - window.Width || window.Y > options.Height - window.Height)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), window, $"The window is empty or not inside the {options.Width}x{options.Height} target.");
        }

        return new ResizeTarget(
            box,
            new ResampleAxisKey(width, box.Left, box.Right, options.Width, options.Filter, window.X, window.Width),
            new ResampleAxisKey(height, box.Top, box.Bottom, options.Height, options.Filter, window.Y, window.Height));
    }

    private static void RequireSide(int side, string name)
    {
        if (side is < 1 or > ImageResizer.MaximumTargetSide)
        {
            throw new ArgumentOutOfRangeException(name, side, $"A side of the target must be 1 to {ImageResizer.MaximumTargetSide} pixels.");
        }
    }
}

/// <summary>The part of an image that a resize maps onto the whole target, in source pixels from the top left corner. The edges may
/// lie between pixels. Single precision, because that is what Pillow computes with.</summary>
/// <param name="Left">The left edge, at least 0.</param>
/// <param name="Top">The top edge, at least 0.</param>
/// <param name="Right">The right edge, greater than <paramref name="Left"/> and at most the image's width.</param>
/// <param name="Bottom">The bottom edge, greater than <paramref name="Top"/> and at most the image's height.</param>
/// <remarks>Pixels outside the box still contribute where the filter reaches over its edge, as in Pillow.</remarks>
internal readonly record struct ResampleBox(float Left, float Top, float Right, float Bottom);

/// <summary>The part of the resized image that is wanted, in target pixels. Pixels outside it are neither computed nor allocated;
/// those inside are the same, bit for bit, as in the whole resized image.</summary>
/// <param name="X">The first column, at least 0.</param>
/// <param name="Y">The first row, at least 0.</param>
/// <param name="Width">The number of columns, at least 1.</param>
/// <param name="Height">The number of rows, at least 1.</param>
internal readonly record struct ResizeWindow(int X, int Y, int Width, int Height);

/// <summary>A rectangle of pixels inside a larger image; the first byte is that of the rectangle's top left pixel.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct PixelView(ReadOnlySpan<byte> pixels, nint stride, int width, int height, PixelLayout layout)
{
    public ReadOnlySpan<byte> Pixels { get; } = pixels;

    public nint Stride { get; } = stride; // bytes from a pixel to the one below it

    public int Width { get; } = width;
    public int Height { get; } = height;
    public PixelLayout Layout { get; } = layout;

    public int Channels => (int)Layout;

    public bool HasAlpha => Layout is PixelLayout.GrayAlpha16 or PixelLayout.Rgba32;

    public ReadOnlySpan<byte> Row(int row, int firstColumn, int columns) =>
        Pixels.Slice(checked((int)(row * Stride)) + firstColumn * Channels, columns * Channels);
}

/// <summary>Takes the rows of a resized image, from the first to the last, each once.</summary>
public interface IResampleRowSink
{
    /// <summary>Takes a row. The bytes are only valid during the call.</summary>
    /// <param name="row">Which row, from 0.</param>
    /// <param name="pixels">The row without padding, in the layout of the source.</param>
    void Write(int row, ReadOnlySpan<byte> pixels);
}

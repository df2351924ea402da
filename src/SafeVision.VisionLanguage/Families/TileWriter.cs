namespace SafeVision.VisionLanguage.Families;

/// <summary>Resizes an image to a grid of square tiles and writes them as normalised floats, [tiles, 3, side, side].
/// The rows of the resize go straight to their tiles. Thread-safe.</summary>
internal sealed class TileWriter(ChannelTables tables, ResampleFilter filter, int side)
{
    /// <summary>The floats of one tile.</summary>
    public int TileLength => 3 * side * side;

    /// <summary>Writes columns x rows tiles, row by row of the grid.</summary>
    public void Write(PackedPixels source, int columns, int rows, Span<float> tiles)
    {
        var sink = new Sink(tables, tiles[..(columns * rows * TileLength)], side, columns);
        ReferenceResize.Run(source, columns * side, rows * side, filter, ref sink);
    }

    private readonly ref struct Sink(ChannelTables tables, Span<float> tiles, int side, int columns) : IResampleRowSink
    {
        private readonly Span<float> _tiles = tiles;

        public void Write(int row, ReadOnlySpan<byte> pixels)
        {
            int plane = side * side, offset = row % side * side;
            for (int column = 0; column < columns; column++)
            {
                Span<float> tile = _tiles.Slice(((row / side * columns) + column) * 3 * plane, 3 * plane); // [3, side, side]
                tables.Normalise(
                    pixels.Slice(column * side * 3, side * 3),
                    tile.Slice(offset, side), tile.Slice(plane + offset, side), tile.Slice((2 * plane) + offset, side));
            }
        }
    }
}

/// <summary>Resizes whole images as the families' reference does with Pillow 13. It is <see cref="ImageResizer"/>,
/// which runs along the rows first as Pillow always did before, but where the height shrinks by more than twice what
/// the width does, the columns come first (python-pillow/Pillow#9549). As both passes round and clip to bytes, the
/// order shows: by a level or so in photographs, by more in noise.</summary>
internal static class ReferenceResize
{
    /// <summary>Resizes an image, row by row into a sink.</summary>
    public static void Run<TSink>(PackedPixels source, int width, int height, ResampleFilter filter, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct
    {
        if (!IsColumnsFirst(source.Width, source.Height, width, height) || filter == ResampleFilter.Nearest)
        {
            Resize(source, new ResizeOptions(width, height, filter), ref sink);
            return;
        }

        int stride = source.Width * (int)source.Layout, length = checked(stride * height);
        using IMemoryOwner<byte> memory = MemoryPool<byte>.Shared.Rent(length);
        Span<byte> shrunk = memory.Memory.Span[..length];
        var rows = new PixelRows(shrunk, stride);
        Resize(source, new ResizeOptions(source.Width, height, filter), ref rows);
        Resize(new PackedPixels(shrunk, source.Width, height, source.Layout), new ResizeOptions(width, height, filter), ref sink);
    }

    /// <summary>Whether the reference shrinks the columns before the rows. Reproduces all recorded cases of Pillow 13.0.0.</summary>
    public static bool IsColumnsFirst(int width, int height, int newWidth, int newHeight) =>
        newHeight < height && height - newHeight > 2L * (width - newWidth);

    private static void Resize<TSink>(PackedPixels source, in ResizeOptions options, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct =>
        ImageResizer.Resize(source.Pixels, source.Width, source.Height, source.Layout, options, ref sink);
}

/// <summary>Packed pixels, RGB24 unless said otherwise.</summary>
internal readonly ref struct PackedPixels(ReadOnlySpan<byte> pixels, int width, int height, PixelLayout layout = PixelLayout.Rgb24)
{
    public PackedPixels(ImageFrame frame)
        : this(frame.Pixels, frame.Width, frame.Height)
    {
    }

    public ReadOnlySpan<byte> Pixels { get; } = pixels;
    public int Width { get; } = width;
    public int Height { get; } = height;
    public PixelLayout Layout { get; } = layout;
}

/// <summary>Keeps the rows of a resized image.</summary>
internal readonly ref struct PixelRows(Span<byte> pixels, int stride) : IResampleRowSink
{
    private readonly Span<byte> _pixels = pixels;

    public void Write(int row, ReadOnlySpan<byte> pixels) => pixels.CopyTo(_pixels.Slice(row * stride, stride));
}

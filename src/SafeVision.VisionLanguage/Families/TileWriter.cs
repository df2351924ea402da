using SafeVision.Imaging;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// Resizes a picture to a grid of square tiles and writes them as normalised floats, [tiles, 3, side, side]. The rows of the
/// resize go straight to their tiles. Thread-safe.
/// </summary>
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

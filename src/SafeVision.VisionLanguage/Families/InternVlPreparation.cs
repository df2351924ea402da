using SafeVision.Imaging;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// Dynamic tiling: the picture is resized, whatever its aspect ratio, to the grid of square tiles whose ratio is closest to it, and
/// a thumbnail of the whole picture comes last where there is more than one tile (<c>dynamic_preprocess</c> of InternVL, equal to
/// <c>crop_image_to_patches</c> of transformers' GotOcr2ImageProcessor).
/// </summary>
internal sealed class InternVlPreparation : IImagePreparation
{
    private readonly InternVlTiling _tiling;
    private readonly TileWriter _writer;
    private readonly (int Columns, int Rows)[] _grids;
    private readonly ImagePlanCache _plans;

    public InternVlPreparation(InternVlTiling tiling, ChannelTables normalisation, ResampleFilter filter)
    {
        _tiling = tiling;
        _writer = new TileWriter(normalisation, filter, tiling.Side);
        _grids = Grids(tiling.MinimumTiles, tiling.MaximumTiles);
        _plans = new ImagePlanCache(CreatePlan);
    }

    public int ShortSide => (int)Math.Sqrt(_tiling.MaximumTiles) * _tiling.Side;

    public int MaximumTokens => Tiles(_tiling.MaximumTiles) * _tiling.TokensOfTile;

    public ImagePlan Plan(int width, int height)
    {
        (int columns, int rows) = Grid(width, height);
        return _plans.Get(columns, rows);
    }

    public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels)
    {
        (int columns, int rows) = Grid(frame.Width, frame.Height);
        ImageBudget.RequireLength(frame, Tiles(columns * rows) * _writer.TileLength, plan, pixels);
        var source = new PackedPixels(frame);
        _writer.Write(source, columns, rows, pixels);
        if (HasThumbnail(columns * rows))
        {
            _writer.Write(source, 1, 1, pixels[(columns * rows * _writer.TileLength)..]);
        }
    }

    /// <summary>The grid whose aspect ratio is closest to the picture's.</summary>
    public (int Columns, int Rows) Grid(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        double ratio = width / (double)height, closest = double.PositiveInfinity;
        (int Columns, int Rows) best = (1, 1);
        foreach ((int Columns, int Rows) grid in _grids)
        {
            double distance = Math.Abs(ratio - (grid.Columns / (double)grid.Rows));

            // Of equally close grids, the larger one if the picture has more than half of its pixels.
            if (distance < closest || (distance == closest && (double)width * height > 0.5 * _tiling.Side * _tiling.Side * grid.Columns * grid.Rows))
            {
                (best, closest) = (grid, distance);
            }
        }

        return best;
    }

    private ImagePlan CreatePlan(int columns, int rows)
    {
        int tiles = Tiles(columns * rows), tokens = tiles * _tiling.TokensOfTile;
        return new ImagePlan
        {
            PixelShape = [tiles, 3, _tiling.Side, _tiling.Side],
            Tokens = tokens,
            Text = $"{_tiling.StartMark}{string.Concat(Enumerable.Repeat(_tiling.ContextMark, tokens))}{_tiling.EndMark}",
            Regions = new TileRegions(columns, rows, _tiling.TokensOfSide) { HasOverview = HasThumbnail(columns * rows), IsTransposed = _tiling.IsTransposed },
        };
    }

    private bool HasThumbnail(int tiles) => _tiling.HasThumbnail && tiles > 1;

    private int Tiles(int tiles) => HasThumbnail(tiles) ? tiles + 1 : tiles;

    private static (int Columns, int Rows)[] Grids(int least, int most) =>
    [
        .. from columns in Enumerable.Range(1, most)
           from rows in Enumerable.Range(1, most / columns)
           where columns * rows >= least
           orderby columns * rows, columns
           select (columns, rows),
    ];
}

using System.Buffers;
using System.Text;
using SafeVision.Imaging;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// Image splitting: the picture's longer side is resized to a fixed length, then both sides up to whole tiles, and the tiles
/// are followed by an overview, which is made from the picture resized so and not from the original
/// (<c>image_processing_pil_smolvlm.py</c> of transformers; each resize rounds to bytes).
/// </summary>
internal sealed class Idefics3Preparation : IImagePreparation
{
    // As in transformers, whatever the file says of the longest edge.
    private const int LongestSide = 4096;

    private readonly Idefics3Tiling _tiling;
    private readonly ResampleFilter _filter;
    private readonly TileWriter _writer;
    private readonly ImagePlanCache _plans;

    public Idefics3Preparation(Idefics3Tiling tiling, ChannelTables normalisation, ResampleFilter filter)
    {
        _tiling = tiling;
        _filter = filter;
        _writer = new TileWriter(normalisation, filter, tiling.Side);
        _plans = new ImagePlanCache(CreatePlan);
    }

    public int ShortSide => Math.Min(_tiling.LongestEdge, LongestSide);

    public int MaximumTokens => MostTiles(_tiling) * _tiling.TokensOfTile;

    /// <summary>The most tiles that a picture of any size gives, the overview included.</summary>
    public static int MostTiles(Idefics3Tiling tiling)
    {
        // The shorter side is made even, which may make it the longer one by a pixel.
        int longest = Math.Min(tiling.LongestEdge, LongestSide), side = Tiles(longest + (longest % 2), tiling.Side);
        return tiling.IsSplit && side > 1 ? (side * side) + 1 : 1;
    }

    public ImagePlan Plan(int width, int height)
    {
        (int columns, int rows) = Grid(Canvas(Resized(width, height)));
        return _plans.Get(columns, rows);
    }

    public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels)
    {
        (int Width, int Height) first = Resized(frame.Width, frame.Height), canvas = Canvas(first);
        (int columns, int rows) = Grid(canvas);
        ImageBudget.RequireLength(frame, ((columns * rows) + 1) * _writer.TileLength, plan, pixels);

        var source = new PackedPixels(frame);
        byte[] firstPixels = Resize(source, first), canvasPixels = [];
        try
        {
            var resized = new PackedPixels(firstPixels, first.Width, first.Height);
            if (columns * rows == 0)
            {
                _writer.Write(resized, 1, 1, pixels);
                return;
            }

            canvasPixels = Resize(resized, canvas);
            var whole = new PackedPixels(canvasPixels, canvas.Width, canvas.Height);
            _writer.Write(whole, columns, rows, pixels);
            _writer.Write(whole, 1, 1, pixels[(columns * rows * _writer.TileLength)..]);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(firstPixels);
            ArrayPool<byte>.Shared.Return(canvasPixels);
        }
    }

    /// <summary>The size after the first resize; see <c>get_resize_output_image_size</c> of the reference, floating point and all.</summary>
    private (int Width, int Height) Resized(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        double ratio = width / (double)height;
        (width, height) = width >= height
            ? (_tiling.LongestEdge, Even((int)(_tiling.LongestEdge / ratio)))
            : (Even((int)(_tiling.LongestEdge * ratio)), _tiling.LongestEdge);
        (width, height) = (Math.Max(width, 1), Math.Max(height, 1));

        ratio = width / (double)height;
        if (width >= height && width > LongestSide)
        {
            (width, height) = (LongestSide, (int)(LongestSide / ratio));
        }
        else if (height > width && height > LongestSide)
        {
            (width, height) = ((int)(LongestSide * ratio), LongestSide);
        }

        return (Math.Max(width, 1), Math.Max(height, 1));
    }

    /// <summary>The size in whole tiles; see <c>resize_for_vision_encoder</c> of the reference.</summary>
    private (int Width, int Height) Canvas((int Width, int Height) size)
    {
        if (!_tiling.IsSplit)
        {
            return (_tiling.Side, _tiling.Side);
        }

        int side = _tiling.Side;
        double ratio = size.Width / (double)size.Height;
        if (size.Width >= size.Height)
        {
            int width = Tiles(size.Width, side) * side;
            return (width, Math.Max(Tiles((int)(width / ratio), side), 1) * side);
        }

        int height = Tiles(size.Height, side) * side;
        return (Math.Max(Tiles((int)(height * ratio), side), 1) * side, height);
    }

    /// <summary>Columns and rows of tiles; none where the overview is all there is.</summary>
    private (int Columns, int Rows) Grid((int Width, int Height) canvas) =>
        canvas.Width > _tiling.Side || canvas.Height > _tiling.Side ? (canvas.Width / _tiling.Side, canvas.Height / _tiling.Side) : (0, 0);

    private ImagePlan CreatePlan(int columns, int rows)
    {
        int tiles = (columns * rows) + 1;
        return new ImagePlan
        {
            PixelShape = [1, tiles, 3, _tiling.Side, _tiling.Side],
            Tokens = tiles * _tiling.TokensOfTile,
            Text = Text(columns, rows),
            Regions = new TileRegions(columns, rows, _tiling.TokensOfSide) { HasOverview = true },
            Inputs = [new ImageInput(["pixel_attention_mask"], [1, tiles, _tiling.Side, _tiling.Side], [1])],
        };
    }

    private string Text(int columns, int rows)
    {
        var text = new StringBuilder();
        for (int row = 1; row <= rows; row++)
        {
            for (int column = 1; column <= columns; column++)
            {
                Append($"<row_{row}_col_{column}>");
            }

            text.Append('\n');
        }

        if (rows > 0)
        {
            text.Append('\n');
        }

        Append(_tiling.GlobalMark);
        return text.Append(_tiling.FakeMark).ToString();

        void Append(string place)
        {
            text.Append(_tiling.FakeMark).Append(place).Insert(text.Length, _tiling.ImageMark, _tiling.TokensOfTile);
        }
    }

    private byte[] Resize(PackedPixels source, (int Width, int Height) size)
    {
        byte[] pixels = ArrayPool<byte>.Shared.Rent(size.Width * size.Height * 3);
        var rows = new PixelRows(pixels, size.Width * 3);
        ReferenceResize.Run(source, size.Width, size.Height, _filter, ref rows);
        return pixels;
    }

    private static int Even(int side) => side + (side % 2);

    private static int Tiles(int length, int side) => (length + side - 1) / side;
}

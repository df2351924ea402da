using SafeVision.Assessments;
using SafeVision.Evaluation.Robustness;
using SafeVision.Imaging;

namespace SafeVision.Evaluation.Explanations;

/// <summary>A picture cut into the cells of a heat map, to be shown with some of them hidden.</summary>
internal sealed class MaskedPicture
{
    private const double BlurredAway = 8; // percent of the shorter side: nothing smaller than a quarter of it is left

    private readonly Picture _picture;
    private readonly Lazy<Picture> _mean;
    private readonly Lazy<Picture> _blurred;
    private readonly (int Left, int Top, int Right, int Bottom)[] _cells;

    public MaskedPicture(Picture picture, HeatMap map)
    {
        _picture = picture;
        _mean = new Lazy<Picture>(() => Mean(picture));
        _blurred = new Lazy<Picture>(() => Blurred(picture));
        _cells = [.. Enumerable.Range(0, map.Values.Count).Select(cell => Pixels(map, cell))];
    }

    /// <summary>How many pixels a cell has; 0 for one that is smaller than a pixel.</summary>
    public int Area(int cell) => (_cells[cell].Right - _cells[cell].Left) * (_cells[cell].Bottom - _cells[cell].Top);

    /// <summary>The picture with some cells hidden, or with nothing but some cells shown.</summary>
    /// <param name="cells">The cells.</param>
    /// <param name="shown">True: those are shown and all else is hidden. False: those are hidden.</param>
    /// <param name="fill">What hidden parts show.</param>
    public ImageSource With(ReadOnlySpan<int> cells, bool shown, MaskFill fill)
    {
        Picture hidden = fill == MaskFill.Mean ? _mean.Value : _blurred.Value;
        (Picture inside, Picture outside) = shown ? (_picture, hidden) : (hidden, _picture);
        byte[] pixels = (byte[])outside.Pixels.Clone();
        var masked = new Picture(_picture.Width, _picture.Height, pixels);
        foreach (int cell in cells)
        {
            (int left, int top, int right, int bottom) = _cells[cell];
            for (int y = top; y < bottom; y++)
            {
                inside.Row(y, left, right - left).CopyTo(masked.Row(y, left, right - left));
            }
        }

        return ImageSource.FromPixels(pixels, _picture.Width, _picture.Height, PixelFormat.Rgb24);
    }

    // Neighbours share a rounded edge, so that every pixel of the map's region is in one cell.
    private (int Left, int Top, int Right, int Bottom) Pixels(HeatMap map, int index)
    {
        (int y, int x) = Math.DivRem(index, map.Width);
        return (
            Edge(map.Region.X + (map.Region.Width * x / map.Width), _picture.Width),
            Edge(map.Region.Y + (map.Region.Height * y / map.Height), _picture.Height),
            Edge(map.Region.X + (map.Region.Width * (x + 1) / map.Width), _picture.Width),
            Edge(map.Region.Y + (map.Region.Height * (y + 1) / map.Height), _picture.Height));

        static int Edge(double share, int side) => Math.Clamp((int)Math.Round(share * side), 0, side);
    }

    private static Picture Mean(Picture picture)
    {
        Span<long> sums = stackalloc long[3];
        for (int i = 0; i < picture.Pixels.Length; i++)
        {
            sums[i % 3] += picture.Pixels[i];
        }

        int pixels = picture.Pixels.Length / 3;
        var mean = new Picture(picture.Width, picture.Height);
        for (int i = 0; i < mean.Pixels.Length; i++)
        {
            mean.Pixels[i] = (byte)((sums[i % 3] + (pixels / 2)) / pixels);
        }

        return mean;
    }

    // So strong a blur is made on a small copy: it leaves nothing that the copy lacks, and costs a hundredth.
    private static Picture Blurred(Picture picture)
    {
        double scale = Math.Min(1, 128.0 / picture.ShortSide);
        (int width, int height) = (Math.Max(1, (int)(picture.Width * scale)), Math.Max(1, (int)(picture.Height * scale)));
        var small = new Picture(width, height);
        ImageResizer.Resize(picture.Pixels, picture.Width, picture.Height, PixelLayout.Rgb24, small.Pixels, width, height, ResampleFilter.Bilinear);
        small = GaussianBlur.Blur(small, BlurredAway / 100 * small.ShortSide);
        var blurred = new Picture(picture.Width, picture.Height);
        ImageResizer.Resize(small.Pixels, width, height, PixelLayout.Rgb24, blurred.Pixels, picture.Width, picture.Height, ResampleFilter.Bilinear);
        return blurred;
    }
}

/// <summary>What hidden parts of a picture show.</summary>
internal enum MaskFill
{
    /// <summary>The picture's mean colour.</summary>
    Mean,

    /// <summary>The picture, blurred until nothing can be recognised: sharp edges around what is hidden would be evidence of their own.</summary>
    Blur,
}

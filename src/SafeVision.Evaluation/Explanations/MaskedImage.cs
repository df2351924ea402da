namespace SafeVision.Evaluation.Explanations;

/// <summary>An image cut into the cells of a heat map, to be shown with some of them hidden.</summary>
internal sealed class MaskedImage
{
    private const double BlurredAway = 8; // percent of the shorter side: nothing smaller than a quarter of it is left

    private readonly RgbImage _image;
    private readonly Lazy<RgbImage> _mean;
    private readonly Lazy<RgbImage> _blurred;
    private readonly (int Left, int Top, int Right, int Bottom)[] _cells;

    public MaskedImage(RgbImage image, HeatMap map)
    {
        _image = image;
        _mean = new Lazy<RgbImage>(() => Mean(image));
        _blurred = new Lazy<RgbImage>(() => Blurred(image));
        _cells = [.. Enumerable.Range(0, map.Values.Count).Select(cell => Pixels(map, cell))];
    }

    /// <summary>How many pixels a cell has; 0 for one that is smaller than a pixel.</summary>
    public int Area(int cell) => (_cells[cell].Right - _cells[cell].Left) * (_cells[cell].Bottom - _cells[cell].Top);

    /// <summary>The image with some cells hidden, or with nothing but some cells shown.</summary>
    /// <param name="shown">True: those are shown and all else is hidden. False: those are hidden.</param>
    public ImageSource With(ReadOnlySpan<int> cells, bool shown, MaskFill fill)
    {
        RgbImage hidden = fill == MaskFill.Mean ? _mean.Value : _blurred.Value;
        (RgbImage inside, RgbImage outside) = shown ? (_image, hidden) : (hidden, _image);
        byte[] pixels = (byte[])outside.Pixels.Clone();
        var masked = new RgbImage(_image.Width, _image.Height, pixels);
        foreach (int cell in cells)
        {
            (int left, int top, int right, int bottom) = _cells[cell];
            for (int y = top; y < bottom; y++)
            {
                inside.Row(y, left, right - left).CopyTo(masked.Row(y, left, right - left));
            }
        }

        return ImageSource.FromPixels(pixels, _image.Width, _image.Height, PixelFormat.Rgb24);
    }

    // Neighbours share a rounded edge, so that every pixel of the map's region is in one cell.
    private (int Left, int Top, int Right, int Bottom) Pixels(HeatMap map, int index)
    {
        (int y, int x) = Math.DivRem(index, map.Width);
        return (
            Edge(map.Region.X + (map.Region.Width * x / map.Width), _image.Width),
            Edge(map.Region.Y + (map.Region.Height * y / map.Height), _image.Height),
            Edge(map.Region.X + (map.Region.Width * (x + 1) / map.Width), _image.Width),
            Edge(map.Region.Y + (map.Region.Height * (y + 1) / map.Height), _image.Height));

        static int Edge(double share, int side) => Math.Clamp((int)Math.Round(share * side), 0, side);
    }

    private static RgbImage Mean(RgbImage image)
    {
        Span<long> sums = stackalloc long[3];
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            sums[i % 3] += image.Pixels[i];
        }

        int pixels = image.Pixels.Length / 3;
        var mean = new RgbImage(image.Width, image.Height);
        for (int i = 0; i < mean.Pixels.Length; i++)
        {
            mean.Pixels[i] = (byte)((sums[i % 3] + (pixels / 2)) / pixels);
        }

        return mean;
    }

    // So strong a blur is made on a small copy: it leaves nothing that the copy lacks, and costs a hundredth.
    private static RgbImage Blurred(RgbImage image)
    {
        double scale = Math.Min(1, 128.0 / image.ShortSide);
        (int width, int height) = (Math.Max(1, (int)(image.Width * scale)), Math.Max(1, (int)(image.Height * scale)));
        var small = new RgbImage(width, height);
        ImageResizer.Resize(image.Pixels, image.Width, image.Height, PixelLayout.Rgb24, small.Pixels, width, height, ResampleFilter.Bilinear);
        small = GaussianBlur.Blur(small, BlurredAway / 100 * small.ShortSide);
        var blurred = new RgbImage(image.Width, image.Height);
        ImageResizer.Resize(small.Pixels, width, height, PixelLayout.Rgb24, blurred.Pixels, image.Width, image.Height, ResampleFilter.Bilinear);
        return blurred;
    }
}

/// <summary>What hidden parts of an image show.</summary>
internal enum MaskFill
{
    /// <summary>The image's mean colour.</summary>
    Mean,

    /// <summary>The image, blurred until nothing can be recognised: sharp edges around what is hidden would be evidence of their own.</summary>
    Blur,
}

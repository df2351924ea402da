using SafeVision.Imaging;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Keeps the middle.</summary>
/// <param name="percent">How much of each side is kept.</param>
internal sealed class CentreCrop(int percent) : PixelTransform
{
    public override RgbImage Apply(RgbImage image, SeededRandom random)
    {
        (int left, int width) = Kept(image.Width);
        (int top, int height) = Kept(image.Height);
        var cropped = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
        {
            image.Row(top + y, left, width).CopyTo(cropped.Row(y));
        }

        return cropped;
    }

    private (int Start, int Length) Kept(int side)
    {
        int length = Math.Max(1, side * percent / 100);
        return ((side - length) / 2, length);
    }
}

/// <summary>Turns the image counter-clockwise about its middle; the canvas grows to hold all of it, black in the corners.</summary>
/// <param name="degrees">By how much. Quarter turns move pixels; others interpolate between the four nearest.</param>
internal sealed class Rotation(int degrees) : PixelTransform
{
    private readonly (double Sine, double Cosine) _turn = (degrees % 360) switch
    {
        0 => (0, 1),
        90 => (1, 0),
        180 => (0, -1),
        270 => (-1, 0),
        _ => (Math.Sin(degrees * Math.PI / 180), Math.Cos(degrees * Math.PI / 180)),
    };

    public override RgbImage Apply(RgbImage image, SeededRandom random)
    {
        (int width, int height) = Canvas(image.Width, image.Height);
        var turned = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = turned.Row(y);
            for (int x = 0; x < width; x++)
            {
                // Where the pixel's centre comes from: the turn the other way, seen from both middles.
                (double dx, double dy) = (x + 0.5 - (width / 2.0), y + 0.5 - (height / 2.0));
                double sourceX = (dx * _turn.Cosine) - (dy * _turn.Sine) + (image.Width / 2.0) - 0.5;
                double sourceY = (dx * _turn.Sine) + (dy * _turn.Cosine) + (image.Height / 2.0) - 0.5;
                Sample(image, sourceX, sourceY, row.Slice(x * 3, 3));
            }
        }

        return turned;
    }

    private (int Width, int Height) Canvas(int width, int height)
    {
        (double sine, double cosine) = (Math.Abs(_turn.Sine), Math.Abs(_turn.Cosine));
        return ((int)Math.Ceiling((width * cosine) + (height * sine) - 1e-9), (int)Math.Ceiling((width * sine) + (height * cosine) - 1e-9));
    }

    private static void Sample(RgbImage image, double x, double y, Span<byte> pixel)
    {
        (int left, int top) = ((int)Math.Floor(x), (int)Math.Floor(y));
        (double right, double below) = (x - left, y - top);
        for (int channel = 0; channel < 3; channel++)
        {
            double value = ((1 - below) * (((1 - right) * At(image, left, top, channel)) + (right * At(image, left + 1, top, channel))))
                + (below * (((1 - right) * At(image, left, top + 1, channel)) + (right * At(image, left + 1, top + 1, channel))));
            pixel[channel] = (byte)(value + 0.5);
        }
    }

    private static int At(RgbImage image, int x, int y, int channel) =>
        (uint)x < (uint)image.Width && (uint)y < (uint)image.Height ? image.Pixels[(((y * image.Width) + x) * 3) + channel] : 0;
}

/// <summary>Left becomes right.</summary>
internal sealed class HorizontalFlip : PixelTransform
{
    public override RgbImage Apply(RgbImage image, SeededRandom random)
    {
        var flipped = new RgbImage(image.Width, image.Height);
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                image.Row(y, x, 1).CopyTo(flipped.Row(y, image.Width - 1 - x, 1));
            }
        }

        return flipped;
    }
}

/// <summary>Puts a black frame around the image.</summary>
/// <param name="percent">The frame's breadth in percent of the side that it lengthens, at each end.</param>
internal sealed class Border(int percent) : PixelTransform
{
    public override RgbImage Apply(RgbImage image, SeededRandom random)
    {
        (int x, int y) = (Breadth(image.Width), Breadth(image.Height));
        var framed = new RgbImage(image.Width + (2 * x), image.Height + (2 * y));
        for (int row = 0; row < image.Height; row++)
        {
            image.Row(row).CopyTo(framed.Row(y + row, x, image.Width));
        }

        return framed;
    }

    private int Breadth(int side) => side * percent / 100;
}

/// <summary>Shows the image several times, each one small, on a canvas of the same size.</summary>
/// <param name="count">How many times along each side.</param>
internal sealed class Tiling(int count) : PixelTransform
{
    public override RgbImage Apply(RgbImage image, SeededRandom random)
    {
        var tiled = new RgbImage(image.Width, image.Height);
        for (int row = 0; row < count; row++)
        {
            (int top, int height) = Part(image.Height, row);
            for (int column = 0; column < count; column++)
            {
                (int left, int width) = Part(image.Width, column);
                if (width == 0 || height == 0)
                {
                    continue; // of an image with fewer pixels than tiles
                }

                var small = new RgbImage(width, height);
                ImageResizer.Resize(image.Pixels, image.Width, image.Height, PixelLayout.Rgb24, small.Pixels, width, height, ResampleFilter.Bicubic);
                for (int y = 0; y < height; y++)
                {
                    small.Row(y).CopyTo(tiled.Row(top + y, left, width));
                }
            }
        }

        return tiled;
    }

    private (int Start, int Length) Part(int side, int index)
    {
        int start = side * index / count;
        return (start, (side * (index + 1) / count) - start);
    }
}

namespace SafeVision.Evaluation.Robustness;

/// <summary>Disturbances that move pixels.</summary>
internal static class MovingTransforms
{
    /// <summary>Keeps the middle, <paramref name="percent"/> of each side.</summary>
    public static RgbImage Crop(RgbImage image, int percent)
    {
        (int left, int width) = Kept(image.Width);
        (int top, int height) = Kept(image.Height);
        var cropped = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
        {
            image.Row(top + y, left, width).CopyTo(cropped.Row(y));
        }

        return cropped;

        (int Start, int Length) Kept(int side)
        {
            int length = Math.Max(1, side * percent / 100);
            return ((side - length) / 2, length);
        }
    }

    /// <summary>Turns the image counter-clockwise about its middle; the canvas grows to hold all of it, black in the corners.
    /// Quarter turns move pixels; others interpolate between the four nearest.</summary>
    public static RgbImage Rotate(RgbImage image, int degrees)
    {
        (double sine, double cosine) = (degrees % 360) switch
        {
            0 => (0, 1),
            90 => (1, 0),
            180 => (0, -1),
            270 => (-1, 0),
            _ => (Math.Sin(degrees * Math.PI / 180), Math.Cos(degrees * Math.PI / 180)),
        };
        int width = Side(image.Width, image.Height), height = Side(image.Height, image.Width);
        var turned = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = turned.Row(y);
            for (int x = 0; x < width; x++)
            {
                // Where the pixel's centre comes from: the turn the other way, seen from both middles.
                (double dx, double dy) = (x + 0.5 - (width / 2.0), y + 0.5 - (height / 2.0));
                double sourceX = (dx * cosine) - (dy * sine) + (image.Width / 2.0) - 0.5;
                double sourceY = (dx * sine) + (dy * cosine) + (image.Height / 2.0) - 0.5;
                Sample(image, sourceX, sourceY, row.Slice(x * 3, 3));
            }
        }

        return turned;

        int Side(int along, int across) => (int)Math.Ceiling((along * Math.Abs(cosine)) + (across * Math.Abs(sine)) - 1e-9);
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

    /// <summary>Left becomes right.</summary>
    public static RgbImage Flip(RgbImage image)
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

    /// <summary>Puts a black frame around the image, at each end <paramref name="percent"/> of the side that it lengthens.</summary>
    public static RgbImage Frame(RgbImage image, int percent)
    {
        (int x, int y) = (image.Width * percent / 100, image.Height * percent / 100);
        var framed = new RgbImage(image.Width + (2 * x), image.Height + (2 * y));
        for (int row = 0; row < image.Height; row++)
        {
            image.Row(row).CopyTo(framed.Row(y + row, x, image.Width));
        }

        return framed;
    }

    /// <summary>Shows the image <paramref name="count"/> times along each side, each one small, on a canvas of the same size.</summary>
    public static RgbImage Tile(RgbImage image, int count)
    {
        var tiled = new RgbImage(image.Width, image.Height);
        for (int tile = 0; tile < count * count; tile++)
        {
            (int top, int height) = Part(image.Height, tile / count);
            (int left, int width) = Part(image.Width, tile % count);
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

        return tiled;

        (int Start, int Length) Part(int side, int index)
        {
            int start = side * index / count;
            return (start, (side * (index + 1) / count) - start);
        }
    }
}

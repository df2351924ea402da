using SafeVision.Evaluation.Metrics;
using SafeVision.Imaging;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Shows the picture several times, each one small, on a canvas of the same size.</summary>
/// <param name="count">How many times along each side.</param>
internal sealed class Tiling(int count) : PictureTransform
{
    public override Picture Apply(Picture picture, SeededRandom random)
    {
        var tiled = new Picture(picture.Width, picture.Height);
        for (int row = 0; row < count; row++)
        {
            (int top, int height) = Part(picture.Height, row);
            for (int column = 0; column < count; column++)
            {
                (int left, int width) = Part(picture.Width, column);
                if (width == 0 || height == 0)
                {
                    continue; // of a picture with fewer pixels than tiles
                }

                var small = new Picture(width, height);
                ImageResizer.Resize(picture.Pixels, picture.Width, picture.Height, PixelLayout.Rgb24, small.Pixels, width, height, ResampleFilter.Bicubic);
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

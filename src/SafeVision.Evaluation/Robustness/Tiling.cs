using SafeVision.Assessments;
using SafeVision.Evaluation.Metrics;
using SafeVision.Imaging;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Shows the picture several times, each one small, on a canvas of the same size.</summary>
/// <param name="count">How many times along each side.</param>
internal sealed class Tiling(int count) : PictureTransform
{
    public override bool Moves => true;

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

    public override IReadOnlyList<ImageBox> Follow(ImageBox box, int width, int height) =>
    [
        .. from row in Enumerable.Range(0, count)
           from column in Enumerable.Range(0, count)
           let x = Part(width, column)
           let y = Part(height, row)
           where x.Length > 0 && y.Length > 0
           select new ImageBox(
               (x.Start + (box.X * x.Length)) / width, (y.Start + (box.Y * y.Length)) / height, box.Width * x.Length / width, box.Height * y.Length / height),
    ];

    private (int Start, int Length) Part(int side, int index)
    {
        int start = side * index / count;
        return (start, (side * (index + 1) / count) - start);
    }
}

using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Puts a black frame around the picture.</summary>
/// <param name="percent">The frame's breadth in percent of the side that it lengthens, at each end.</param>
internal sealed class Border(int percent) : PictureTransform
{
    public override Picture Apply(Picture picture, SeededRandom random)
    {
        (int x, int y) = (Breadth(picture.Width), Breadth(picture.Height));
        var framed = new Picture(picture.Width + (2 * x), picture.Height + (2 * y));
        for (int row = 0; row < picture.Height; row++)
        {
            picture.Row(row).CopyTo(framed.Row(y + row, x, picture.Width));
        }

        return framed;
    }

    private int Breadth(int side) => side * percent / 100;
}

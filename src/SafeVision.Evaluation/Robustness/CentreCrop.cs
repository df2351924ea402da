using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Keeps the middle.</summary>
/// <param name="percent">How much of each side is kept.</param>
internal sealed class CentreCrop(int percent) : PictureTransform
{
    public override Picture Apply(Picture picture, SeededRandom random)
    {
        (int left, int width) = Kept(picture.Width);
        (int top, int height) = Kept(picture.Height);
        var cropped = new Picture(width, height);
        for (int y = 0; y < height; y++)
        {
            picture.Row(top + y, left, width).CopyTo(cropped.Row(y));
        }

        return cropped;
    }

    private (int Start, int Length) Kept(int side)
    {
        int length = Math.Max(1, side * percent / 100);
        return ((side - length) / 2, length);
    }
}

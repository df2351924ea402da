using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Left becomes right.</summary>
internal sealed class HorizontalFlip : PictureTransform
{
    public override Picture Apply(Picture picture, SeededRandom random)
    {
        var flipped = new Picture(picture.Width, picture.Height);
        for (int y = 0; y < picture.Height; y++)
        {
            for (int x = 0; x < picture.Width; x++)
            {
                picture.Row(y, x, 1).CopyTo(flipped.Row(y, picture.Width - 1 - x, 1));
            }
        }

        return flipped;
    }
}

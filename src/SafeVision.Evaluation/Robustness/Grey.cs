using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Takes the colours away: luma by ITU-R BT.601, with Pillow's rounding.</summary>
internal sealed class Grey : PictureTransform
{
    public override Picture Apply(Picture picture, SeededRandom random)
    {
        var grey = new Picture(picture.Width, picture.Height);
        for (int i = 0; i < picture.Pixels.Length; i += 3)
        {
            Span<byte> pixel = picture.Pixels.AsSpan(i, 3);
            grey.Pixels.AsSpan(i, 3).Fill((byte)(((pixel[0] * 19595) + (pixel[1] * 38470) + (pixel[2] * 7471) + 0x8000) >> 16));
        }

        return grey;
    }
}

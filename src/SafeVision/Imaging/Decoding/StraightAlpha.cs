namespace SafeVision.Imaging.Decoding;

/// <summary>Composites pixels whose colours are not multiplied with their alpha on others of the kind (Porter and Duff's "over").</summary>
internal static class StraightAlpha
{
    public static void Over(ReadOnlySpan<byte> source, Span<byte> target)
    {
        for (int i = 0; i < target.Length; i += 4)
        {
            int alpha = source[i + 3];
            if (alpha == 255)
            {
                source.Slice(i, 4).CopyTo(target[i..]);
            }
            else if (alpha > 0)
            {
                int above = alpha * 255, behind = (255 - alpha) * target[i + 3], sum = above + behind;
                for (int channel = i; channel < i + 3; channel++)
                {
                    target[channel] = (byte)(((source[channel] * above) + (target[channel] * behind) + (sum / 2)) / sum);
                }

                target[i + 3] = (byte)((sum + 127) / 255);
            }
        }
    }
}

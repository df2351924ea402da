using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Robustness;

/// <summary>
/// Writes into the picture what an attacker would have the model read: white letters on a black strip along the lower edge.
/// </summary>
/// <param name="text">The text, in letters that <see cref="PixelFont"/> has.</param>
internal sealed class OverlayText(string text) : PictureTransform
{
    private const double Broad = 0.94; // of the picture's width
    private const double High = 0.25; // of its height, at most: the picture is still to be seen

    public override Picture Apply(Picture picture, SeededRandom random)
    {
        var written = new Picture(picture.Width, picture.Height, (byte[])picture.Pixels.Clone());
        (int scale, string[] lines) = Layout(picture.Width, picture.Height);
        int lineHeight = (PixelFont.Height + 2) * scale;
        int top = Math.Max(0, picture.Height - (lines.Length * lineHeight) - scale);
        for (int y = top; y < picture.Height; y++)
        {
            written.Row(y).Clear();
        }

        for (int i = 0; i < lines.Length; i++)
        {
            int left = (picture.Width - (lines[i].Length * PixelFont.Advance * scale)) / 2;
            PixelFont.Draw(written, lines[i], left, top + scale + (i * lineHeight), scale);
        }

        return written;
    }

    /// <summary>The largest letters for which the text, broken between words, fits; small pictures get the smallest there are.</summary>
    private (int Scale, string[] Lines) Layout(int width, int height)
    {
        int scale = Math.Max(1, width / (8 * PixelFont.Advance));
        for (; scale > 1; scale--)
        {
            string[] lines = Break(Letters(scale));
            if (lines.All(line => line.Length <= Letters(scale)) && lines.Length * (PixelFont.Height + 2) * scale <= height * High)
            {
                return (scale, lines);
            }
        }

        return (1, Break(Letters(1)));

        int Letters(int scale) => Math.Max(1, (int)(width * Broad / (PixelFont.Advance * scale)));
    }

    private string[] Break(int letters)
    {
        List<string> lines = [];
        foreach (string word in text.Split(' '))
        {
            if (lines.Count > 0 && lines[^1].Length + 1 + word.Length <= letters)
            {
                lines[^1] += " " + word;
            }
            else
            {
                lines.Add(word);
            }
        }

        return [.. lines];
    }
}

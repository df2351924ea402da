namespace SafeVision.Evaluation.Robustness;

/// <summary>Writes into the image what an attacker would have the model read: white letters on a black strip along the lower edge.</summary>
internal static class OverlayText
{
    private const double Broad = 0.94; // of the image's width
    private const double High = 0.25; // of its height, at most: the image is still to be seen

    /// <param name="text">The text, in letters that <see cref="PixelFont"/> has.</param>
    public static RgbImage Write(RgbImage image, string text)
    {
        var written = new RgbImage(image.Width, image.Height, (byte[])image.Pixels.Clone());
        (int scale, string[] lines) = Layout(text, image.Width, image.Height);
        int lineHeight = (PixelFont.Height + 2) * scale;
        int top = Math.Max(0, image.Height - (lines.Length * lineHeight) - scale);
        for (int y = top; y < image.Height; y++)
        {
            written.Row(y).Clear();
        }

        for (int i = 0; i < lines.Length; i++)
        {
            int left = (image.Width - (lines[i].Length * PixelFont.Advance * scale)) / 2;
            PixelFont.Draw(written, lines[i], left, top + scale + (i * lineHeight), scale);
        }

        return written;
    }

    /// <summary>The largest letters for which the text, broken between words, fits; small images get the smallest there are.</summary>
    private static (int Scale, string[] Lines) Layout(string text, int width, int height)
    {
        int scale = Math.Max(1, width / (8 * PixelFont.Advance));
        for (; scale > 1; scale--)
        {
            string[] lines = Break(text, Letters(scale));
            if (lines.All(line => line.Length <= Letters(scale)) && lines.Length * (PixelFont.Height + 2) * scale <= height * High)
            {
                return (scale, lines);
            }
        }

        return (1, Break(text, Letters(1)));

        int Letters(int scale) => Math.Max(1, (int)(width * Broad / (PixelFont.Advance * scale)));
    }

    private static string[] Break(string text, int letters)
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

/// <summary>Letters of five by seven dots. A machine may have no fonts, and another's would draw other pixels; these are the same everywhere.</summary>
internal static class PixelFont
{
    public const int Height = 7;

    public const int Advance = 6; // from one letter to the next, in dots

    private const int Columns = 5;

    // One text a row of dots, from the top, for all letters side by side.
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ.,:\"{}<>|_true";

    private static readonly string[] Dots =
    [
        ".###. ####. .###. ####. ##### ##### .###. #...# .###. ..### #...# #.... #...# #...# .###. ####. .###. ####. .#### ##### #...# #...# #...# #...# #...# ##### ..... ..... ..... .#.#. ...#. .#... ...#. .#... ..#.. ..... .#... ..... ..... .....",
        "#...# #...# #...# #...# #.... #.... #...# #...# ..#.. ...#. #..#. #.... ##.## ##..# #...# #...# #...# #...# #.... ..#.. #...# #...# #...# #...# #...# ....# ..... ..... ..#.. .#.#. ..#.. ..#.. ..#.. ..#.. ..#.. ..... .#... ..... ..... .....",
        "#...# #...# #.... #...# #.... #.... #.... #...# ..#.. ...#. #.#.. #.... #.#.# #.#.# #...# #...# #...# #...# #.... ..#.. #...# #...# #...# .#.#. .#.#. ...#. ..... ..... ..#.. ..... ..#.. ..#.. .#... ...#. ..#.. ..... ###.. #.##. #...# .###.",
        "##### ####. #.... #...# ####. ####. #.### ##### ..#.. ...#. ##... #.... #.#.# #..## #...# ####. #...# ####. .###. ..#.. #...# #...# #.#.# ..#.. ..#.. ..#.. ..... ..... ..... ..... .#... ...#. #.... ....# ..#.. ..... .#... ##..# #...# #...#",
        "#...# #...# #.... #...# #.... #.... #...# #...# ..#.. ...#. #.#.. #.... #...# #...# #...# #.... #.#.# #.#.. ....# ..#.. #...# #...# #.#.# .#.#. ..#.. .#... ..... ..... ..#.. ..... ..#.. ..#.. .#... ...#. ..#.. ..... .#... #.... #...# #####",
        "#...# #...# #...# #...# #.... #.... #...# #...# ..#.. #..#. #..#. #.... #...# #...# #...# #.... #..#. #..#. ....# ..#.. #...# .#.#. ##.## #...# ..#.. #.... .##.. ..#.. ..#.. ..... ..#.. ..#.. ..#.. ..#.. ..#.. ..... .#..# #.... #..## #....",
        "#...# ####. .###. ####. ##### #.... .###. #...# .###. .##.. #...# ##### #...# #...# .###. #.... .##.# #...# ####. ..#.. .###. ..#.. #...# #...# ..#.. ##### .##.. .#... ..... ..... ...#. .#... ...#. .#... ..#.. ##### ..##. #.... .##.# .###.",
    ];

    /// <summary>Draws a line of text in white; what lies beyond the image is cut off.</summary>
    public static void Draw(RgbImage image, string text, int left, int top, int scale)
    {
        for (int i = 0; i < text.Length; i++)
        {
            int letter = Letters.IndexOf(text[i], StringComparison.Ordinal);
            for (int dot = 0; letter >= 0 && dot < Columns * Height; dot++)
            {
                (int row, int column) = (dot / Columns, dot % Columns);
                if (Dots[row][(letter * Advance) + column] == '#')
                {
                    Fill(image, left + (((i * Advance) + column) * scale), top + (row * scale), scale);
                }
            }
        }
    }

    private static void Fill(RgbImage image, int left, int top, int side)
    {
        for (int y = Math.Max(0, top); y < Math.Min(image.Height, top + side); y++)
        {
            for (int x = Math.Max(0, left); x < Math.Min(image.Width, left + side); x++)
            {
                image.Row(y, x, 1).Fill(255);
            }
        }
    }
}

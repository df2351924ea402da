namespace SafeVision.Evaluation.Robustness;

/// <summary>
/// Letters of five by seven dots. A machine may have no fonts, and another's would draw other pixels; these are the same
/// everywhere.
/// </summary>
internal static class PixelFont
{
    public const int Height = 7;

    /// <summary>From one letter to the next, in dots.</summary>
    public const int Advance = 6;

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

    /// <summary>Draws a line of text in white; what lies beyond the picture is cut off.</summary>
    public static void Draw(Picture picture, string text, int left, int top, int scale)
    {
        for (int i = 0; i < text.Length; i++)
        {
            int letter = Letters.IndexOf(text[i], StringComparison.Ordinal);
            for (int dot = 0; letter >= 0 && dot < Columns * Height; dot++)
            {
                (int row, int column) = (dot / Columns, dot % Columns);
                if (Dots[row][(letter * Advance) + column] == '#')
                {
                    Fill(picture, left + (((i * Advance) + column) * scale), top + (row * scale), scale);
                }
            }
        }
    }

    private static void Fill(Picture picture, int left, int top, int side)
    {
        for (int y = Math.Max(0, top); y < Math.Min(picture.Height, top + side); y++)
        {
            for (int x = Math.Max(0, left); x < Math.Min(picture.Width, left + side); x++)
            {
                picture.Row(y, x, 1).Fill(255);
            }
        }
    }
}

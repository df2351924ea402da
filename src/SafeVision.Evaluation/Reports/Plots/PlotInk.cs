using System.Globalization;
using ScottPlot;

namespace SafeVision.Evaluation.Reports.Plots;

/// <summary>
/// Colours that stand for a class of the page's style sheet, so that one drawing serves light, dark and printed pages. No
/// drawing has these colours by chance: they are all but black.
/// </summary>
internal static class PlotInk
{
    /// <summary>The most lines that get a colour of their own; the style sheet has as many.</summary>
    public const int Colours = 8;

    private const string Prefix = "#0102";

    public static Color Axis { get; } = Of(0xF0);

    public static Color Grid { get; } = Of(0xF1);

    public static Color Chance { get; } = Of(0xF2);

    public static Color Cell { get; } = Of(0xF3);

    /// <summary>The colour of a line; those beyond <see cref="Colours"/> share a quiet one.</summary>
    public static Color Line(int index) => Of(Math.Min(index, Colours));

    /// <summary>The class that a colour stands for; null for any other colour.</summary>
    public static string? ClassOf(string colour) => colour.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
        && int.TryParse(colour.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            ? code switch
            {
                0xF0 => "axis",
                0xF1 => "grid",
                0xF2 => "chance",
                0xF3 => "cell",
                _ => $"line{code}",
            }
            : null;

    private static Color Of(int code) => Color.FromHex($"{Prefix}{code:X2}");
}

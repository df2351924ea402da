using SafeVision.Evaluation.Symbols.Svg;
using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>
/// How a drawing is coloured. Colours must not give a category away (religious emoji sit on purple tiles, prohibitions are
/// red), so a good part of all drawings is recoloured, whatever they show.
/// </summary>
internal sealed record InkStyle
{
    /// <summary>The colour of drawings that have none of their own, and of tinted ones.</summary>
    public required SKColor Tint { get; init; }

    /// <summary>Where the brightest colours of a tinted drawing go; it keeps its shades between the two. Null: not tinted.</summary>
    public SKColor? Light { get; init; }

    /// <summary>How far hues are turned, in degrees.</summary>
    public double Turn { get; init; }

    /// <summary>What the style is called in a sample's tags.</summary>
    public string Name => Light is not null ? "tinted" : Turn != 0 ? "turned" : "plain";

    /// <summary>A style against a background; one that keeps all colours where it must.</summary>
    public static InkStyle Create(SKColor ground, bool keepsColors, SeededRandom random)
    {
        SKColor tint = random.Chance(0.3) ? (Tone.Luma(ground) > 127 ? SKColors.Black : SKColors.White) : Tone.Against(ground, random);
        double choice = random.Next(0, 1);
        return choice switch
        {
            _ when keepsColors || choice < 0.6 => new InkStyle { Tint = tint },
            < 0.85 => new InkStyle { Tint = tint, Turn = random.Next(40, 320) },
            _ => new InkStyle { Tint = tint, Light = Tone.Between(tint, SKColors.White, 215) },
        };
    }

    /// <summary>What becomes of a drawing's colour.</summary>
    public SKColor Apply(SvgColor color)
    {
        if (color.IsCurrent)
        {
            return Tint.WithAlpha(color.Value.Alpha);
        }

        if (Light is { } light)
        {
            return Tone.Between(Tint, light, Tone.Luma(color.Value)).WithAlpha(color.Value.Alpha);
        }

        return Turn == 0 ? color.Value : Tone.Turn(color.Value, Turn);
    }
}

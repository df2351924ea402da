namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>Colours by hue, and how well they stand out from each other.</summary>
internal static class ColorMath
{
    /// <summary>A colour of a given hue (degrees), saturation and brightness (0 to 1).</summary>
    public static SKColor Of(double hue, double saturation, double value)
    {
        double sector = ((hue % 360) + 360) % 360 / 60;
        byte Channel(int offset)
        {
            double k = (offset + sector) % 6;
            return (byte)Math.Round(255 * value * (1 - (saturation * Math.Max(0, Math.Min(Math.Min(k, 4 - k), 1)))));
        }

        return new SKColor(Channel(5), Channel(3), Channel(1));
    }

    /// <summary>Brightness as seen, 0 to 255 (ITU-R BT.601).</summary>
    public static int Luma(SKColor color) => ((299 * color.Red) + (587 * color.Green) + (114 * color.Blue)) / 1000;

    /// <summary>A colour that stands out from another by at least 90 of 255 in brightness.</summary>
    public static SKColor Against(SKColor ground, SceneRandom random)
    {
        for (int attempt = 0; attempt < 24; attempt++)
        {
            SKColor color = Of(random.Next(0, 360), random.Next(0.2, 1), random.Next(0.1, 1));
            if (Math.Abs(Luma(color) - Luma(ground)) >= 90)
            {
                return color;
            }
        }

        return Luma(ground) > 127 ? SKColors.Black : SKColors.White;
    }

    /// <summary>The colour with its hue turned, its greys unchanged (the hue-rotate matrix of CSS Filter Effects).</summary>
    public static SKColor Turn(SKColor color, double degrees)
    {
        double cos = Math.Cos(degrees * Math.PI / 180);
        double sin = Math.Sin(degrees * Math.PI / 180);
        double r = color.Red, g = color.Green, b = color.Blue;
        return new SKColor(
            Byte((r * (0.213 + (cos * 0.787) - (sin * 0.213))) + (g * (0.715 - (cos * 0.715) - (sin * 0.715))) + (b * (0.072 - (cos * 0.072) + (sin * 0.928)))),
            Byte((r * (0.213 - (cos * 0.213) + (sin * 0.143))) + (g * (0.715 + (cos * 0.285) + (sin * 0.140))) + (b * (0.072 - (cos * 0.072) - (sin * 0.283)))),
            Byte((r * (0.213 - (cos * 0.213) - (sin * 0.787))) + (g * (0.715 - (cos * 0.715) + (sin * 0.715))) + (b * (0.072 + (cos * 0.928) + (sin * 0.072)))),
            color.Alpha);
    }

    /// <summary>A colour between two, by a share from 0 to 255.</summary>
    public static SKColor Between(SKColor from, SKColor to, int share) => new(
        (byte)(((from.Red * (255 - share)) + (to.Red * share) + 127) / 255),
        (byte)(((from.Green * (255 - share)) + (to.Green * share) + 127) / 255),
        (byte)(((from.Blue * (255 - share)) + (to.Blue * share) + 127) / 255));

    private static byte Byte(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);
}

/// <summary>Colours of the tiles behind some symbols, harmful or not.</summary>
internal static class TileColor
{
    // Those that emoji sets put behind religion, prohibition and offices: standing behind anything, they stand for nothing.
    private static readonly double[] s_hues = [275, 0, 215];

    /// <summary>A random one, often of these.</summary>
    public static SKColor Create(SceneRandom random) => random.Chance(0.6)
        ? ColorMath.Of(random.Pick(s_hues) + random.Next(-12, 12), random.Next(0.55, 0.9), random.Next(0.6, 0.95))
        : ColorMath.Of(random.Next(0, 360), random.Next(0.3, 0.9), random.Next(0.5, 0.95));
}

/// <summary>How a drawing is coloured. Colours must not give a category away (religious emoji sit on purple tiles, prohibitions are
/// red), so a good part of all drawings is recoloured, whatever they show.</summary>
internal sealed record InkStyle
{
    /// <summary>The colour of drawings that have none of their own, and of tinted ones.</summary>
    public required SKColor Tint { get; init; }

    /// <summary>Where the brightest colours of a tinted drawing go; it keeps its shades between the two. Null: not tinted.</summary>
    public SKColor? Light { get; init; }

    public double Turn { get; init; } // how far hues are turned, in degrees

    /// <summary>What the style is called in a sample's tags.</summary>
    public string Name => Light is not null ? "tinted" : Turn != 0 ? "turned" : "plain";

    /// <summary>A style against a background; one that keeps all colours where it must.</summary>
    public static InkStyle Create(SKColor ground, bool keepsColors, SceneRandom random)
    {
        SKColor tint = random.Chance(0.3) ? (ColorMath.Luma(ground) > 127 ? SKColors.Black : SKColors.White) : ColorMath.Against(ground, random);
        double choice = random.Next(0, 1);
        return choice switch
        {
            _ when keepsColors || choice < 0.6 => new InkStyle { Tint = tint },
            < 0.85 => new InkStyle { Tint = tint, Turn = random.Next(40, 320) },
            _ => new InkStyle { Tint = tint, Light = ColorMath.Between(tint, SKColors.White, 215) },
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
            return ColorMath.Between(Tint, light, ColorMath.Luma(color.Value)).WithAlpha(color.Value.Alpha);
        }

        return Turn == 0 ? color.Value : ColorMath.Turn(color.Value, Turn);
    }
}

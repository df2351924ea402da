using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>Colours by hue, and how well they stand out from each other.</summary>
internal static class Tone
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
    public static SKColor Against(SKColor ground, SeededRandom random)
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

using System.Globalization;
using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>A colour of a drawing: given, or the one that who draws it chooses (<c>currentColor</c>).</summary>
internal readonly record struct SvgColor(SKColor Value, bool IsCurrent)
{
    // The sixteen names of HTML, and orange: what icon sets use beside numbers.
    private static readonly Dictionary<string, uint> s_names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["black"] = 0x000000,
        ["silver"] = 0xc0c0c0,
        ["gray"] = 0x808080,
        ["grey"] = 0x808080,
        ["white"] = 0xffffff,
        ["maroon"] = 0x800000,
        ["red"] = 0xff0000,
        ["purple"] = 0x800080,
        ["fuchsia"] = 0xff00ff,
        ["green"] = 0x008000,
        ["lime"] = 0x00ff00,
        ["olive"] = 0x808000,
        ["yellow"] = 0xffff00,
        ["navy"] = 0x000080,
        ["blue"] = 0x0000ff,
        ["teal"] = 0x008080,
        ["aqua"] = 0x00ffff,
        ["orange"] = 0xffa500,
    };

    public static SvgColor Black { get; } = new(SKColors.Black, false);

    /// <summary>Reads <c>#rgb</c>, <c>#rrggbb</c>, <c>#rrggbbaa</c>, <c>rgb()</c>, <c>rgba()</c>, a name, or currentColor.</summary>
    /// <exception cref="SymbolException">It is none of these.</exception>
    public static SvgColor Parse(string text)
    {
        string value = text.Trim();
        if (value.Equals("currentColor", StringComparison.OrdinalIgnoreCase))
        {
            return new SvgColor(SKColors.Black, true);
        }

        if (value.StartsWith('#') && TryParseHex(value.AsSpan(1), out SKColor color))
        {
            return new SvgColor(color, false);
        }

        if (value.StartsWith("rgb", StringComparison.Ordinal) && value.EndsWith(')') && value.IndexOf('(') is > 0 and var open)
        {
            float[] parts = SvgNumbers.ReadList(value[(open + 1)..^1]);
            if (parts.Length is 3 or 4)
            {
                float alpha = parts.Length == 4 ? parts[3] : 1;
                return new SvgColor(new SKColor(Byte(parts[0]), Byte(parts[1]), Byte(parts[2]), Byte(alpha * 255)), false);
            }
        }

        return s_names.TryGetValue(value, out uint known)
            ? new SvgColor(new SKColor(0xff000000 | known), false)
            : throw new SymbolException($"'{SvgMarkup.Short(text)}' is not a colour that is read here: #rrggbb, rgb(), rgba(), currentColor or one of the basic names.");
    }

    /// <summary>The colour with an opacity from 0 to 1 on top.</summary>
    public SvgColor Fade(float opacity) => this with { Value = Value.WithAlpha(Byte(Value.Alpha * opacity)) };

    private static bool TryParseHex(ReadOnlySpan<char> digits, out SKColor color)
    {
        color = default;
        if (!uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint bits))
        {
            return false;
        }

        color = digits.Length switch
        {
            3 => new SKColor((byte)((bits >> 8) * 17), (byte)(((bits >> 4) & 15) * 17), (byte)((bits & 15) * 17)),
            6 => new SKColor(0xff000000 | bits),
            8 => new SKColor((bits << 24) | (bits >> 8)),
            _ => default,
        };
        return digits.Length is 3 or 6 or 8;
    }

    private static byte Byte(float value) => (byte)Math.Clamp(MathF.Round(value), 0, 255);
}

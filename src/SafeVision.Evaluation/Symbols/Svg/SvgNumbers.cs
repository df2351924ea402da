using System.Globalization;
using System.Xml.Linq;
using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>Numbers, lengths and transforms of SVG 1.1, as far as icons use them: user units, px and percentages.</summary>
internal static class SvgNumbers
{
    /// <summary>A number of an attribute; 100 % is <paramref name="percentOf"/>, and <paramref name="missing"/> stands in for none.</summary>
    /// <exception cref="SymbolException">The attribute is not a number, or one too large to draw.</exception>
    public static float Read(XElement element, string attribute, float missing, float percentOf = 1)
    {
        if (element.Attribute(attribute)?.Value is not { } text)
        {
            return missing;
        }

        ReadOnlySpan<char> digits = text.AsSpan().Trim();
        float unit = 1;
        if (digits.EndsWith("%"))
        {
            unit = percentOf / 100;
            digits = digits[..^1];
        }
        else if (digits.EndsWith("px"))
        {
            digits = digits[..^2];
        }

        return TryParse(digits, out float value)
            ? value * unit
            : throw new SymbolException($"The attribute {attribute} of <{element.Name.LocalName}> must be a number, but is '{SvgMarkup.Short(text)}'.");
    }

    /// <summary>A list of numbers, between commas and blanks.</summary>
    /// <exception cref="SymbolException">Something in it is not a number.</exception>
    public static float[] ReadList(string text)
    {
        string[] parts = text.Split([' ', ',', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        var numbers = new float[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!TryParse(parts[i], out numbers[i]))
            {
                throw new SymbolException($"'{SvgMarkup.Short(parts[i])}' is not a number, in '{SvgMarkup.Short(text)}'.");
            }
        }

        return numbers;
    }

    /// <summary>The matrix of a transform attribute: matrix, translate, scale, rotate, skewX, skewY, in any number.</summary>
    /// <exception cref="SymbolException">It is none.</exception>
    public static SKMatrix ReadTransform(string? text)
    {
        SKMatrix matrix = SKMatrix.Identity;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        while (!rest.IsEmpty)
        {
            int open = rest.IndexOf('(');
            int close = rest.IndexOf(')');
            if (open < 1 || close < open)
            {
                throw new SymbolException($"'{SvgMarkup.Short(text!)}' is not a transform.");
            }

            SKMatrix next = ReadFunction(rest[..open].Trim().ToString(), ReadList(rest[(open + 1)..close].ToString()), text!);
            matrix = matrix.PreConcat(next);
            rest = rest[(close + 1)..].TrimStart([' ', ',', '\t', '\n', '\r']);
        }

        return matrix;
    }

    private static SKMatrix ReadFunction(string name, float[] a, string text) => (name, a.Length) switch
    {
        ("matrix", 6) => new SKMatrix(a[0], a[2], a[4], a[1], a[3], a[5], 0, 0, 1),
        ("translate", 1) => SKMatrix.CreateTranslation(a[0], 0),
        ("translate", 2) => SKMatrix.CreateTranslation(a[0], a[1]),
        ("scale", 1) => SKMatrix.CreateScale(a[0], a[0]),
        ("scale", 2) => SKMatrix.CreateScale(a[0], a[1]),
        ("rotate", 1) => SKMatrix.CreateRotationDegrees(a[0]),
        ("rotate", 3) => SKMatrix.CreateRotationDegrees(a[0], a[1], a[2]),
        ("skewX", 1) => SKMatrix.CreateSkew(MathF.Tan(a[0] * MathF.PI / 180), 0),
        ("skewY", 1) => SKMatrix.CreateSkew(0, MathF.Tan(a[0] * MathF.PI / 180)),
        _ => throw new SymbolException($"'{SvgMarkup.Short(text)}' is not a transform."),
    };

    private static bool TryParse(ReadOnlySpan<char> text, out float value) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && MathF.Abs(value) <= SvgLimits.Coordinate;
}

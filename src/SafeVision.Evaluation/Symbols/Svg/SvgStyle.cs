using System.Xml.Linq;
using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>What elements inherit from those around them.</summary>
internal sealed record SvgStyle
{
    /// <summary>What an svg element begins with: filled black, no edge.</summary>
    public static SvgStyle Initial { get; } = new();

    public string Fill { get; init; } = "black";

    public string Stroke { get; init; } = "none";

    public float FillOpacity { get; init; } = 1;

    public float StrokeOpacity { get; init; } = 1;

    public float StrokeWidth { get; init; } = 1;

    public SKStrokeCap Cap { get; init; }

    public SKStrokeJoin Join { get; init; }

    public float MiterLimit { get; init; } = 4;

    public SKPathFillType FillRule { get; init; } = SKPathFillType.Winding;

    public SKPathFillType ClipRule { get; init; } = SKPathFillType.Winding;

    public float[] Dashes { get; init; } = [];

    public bool StrokeFirst { get; init; }

    /// <summary>The style inside an element.</summary>
    /// <exception cref="SymbolException">An attribute cannot be read, or the element has a style sheet of its own.</exception>
    public SvgStyle Inside(XElement element)
    {
        if (!element.HasAttributes)
        {
            return this;
        }

        if (element.Attribute("style") is not null || element.Attribute("class") is not null)
        {
            throw new SymbolException("Style sheets are not read; give the drawing presentation attributes, as iconify's tools do.");
        }

        return this with
        {
            Fill = element.Attribute("fill")?.Value ?? Fill,
            Stroke = element.Attribute("stroke")?.Value ?? Stroke,
            FillOpacity = Math.Clamp(SvgNumbers.Read(element, "fill-opacity", FillOpacity), 0, 1),
            StrokeOpacity = Math.Clamp(SvgNumbers.Read(element, "stroke-opacity", StrokeOpacity), 0, 1),
            StrokeWidth = SvgNumbers.Read(element, "stroke-width", StrokeWidth),
            MiterLimit = SvgNumbers.Read(element, "stroke-miterlimit", MiterLimit),
            Cap = element.Attribute("stroke-linecap")?.Value switch { "round" => SKStrokeCap.Round, "square" => SKStrokeCap.Square, "butt" => SKStrokeCap.Butt, _ => Cap },
            Join = element.Attribute("stroke-linejoin")?.Value switch { "round" => SKStrokeJoin.Round, "bevel" => SKStrokeJoin.Bevel, "miter" => SKStrokeJoin.Miter, _ => Join },
            FillRule = Rule(element.Attribute("fill-rule")?.Value, FillRule),
            ClipRule = Rule(element.Attribute("clip-rule")?.Value, ClipRule),
            Dashes = element.Attribute("stroke-dasharray")?.Value is { } dashes ? ReadDashes(dashes) : Dashes,
            StrokeFirst = element.Attribute("paint-order")?.Value is { } order ? order.TrimStart().StartsWith("stroke", StringComparison.Ordinal) : StrokeFirst,
        };
    }

    private static SKPathFillType Rule(string? text, SKPathFillType inherited) => text switch
    {
        "evenodd" => SKPathFillType.EvenOdd,
        "nonzero" => SKPathFillType.Winding,
        _ => inherited,
    };

    private static float[] ReadDashes(string text)
    {
        if (text == "none")
        {
            return [];
        }

        float[] lengths = SvgNumbers.ReadList(text);

        // SVG 1.1, 11.4: an odd list counts twice; negative or all-zero lengths draw an unbroken edge. Tiny dashes would
        // cost without end, so they are no dashes either.
        lengths = lengths.Length % 2 == 1 ? [.. lengths, .. lengths] : lengths;
        return lengths.Length is 0 or > 64 || lengths.Any(length => length < 0) || lengths.Sum() < 0.05f ? [] : lengths;
    }
}

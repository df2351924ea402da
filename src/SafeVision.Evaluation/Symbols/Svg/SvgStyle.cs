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

    public float StrokeWidth { get; init; } = 1; // the edge's width, in the path's coordinates

    public SKStrokeCap Cap { get; init; }
    public SKStrokeJoin Join { get; init; }
    public float MiterLimit { get; init; } = 4;
    public SKPathFillType FillRule { get; init; } = SKPathFillType.Winding;
    public SKPathFillType ClipRule { get; init; } = SKPathFillType.Winding;

    public float[] Dashes { get; init; } = []; // lengths of dashes and gaps; empty: an unbroken edge
    public bool StrokeFirst { get; init; } // whether the filling lies over the edge's inner half (paint-order: stroke)

    /// <summary>The style inside an element.</summary>
    /// <exception cref="EvaluationException">An attribute cannot be read, or the element has a style sheet of its own.</exception>
    public SvgStyle Inside(XElement element)
    {
        if (!element.HasAttributes)
        {
            return this;
        }

        if (element.Attribute("style") is not null || element.Attribute("class") is not null)
        {
            throw new EvaluationException("Style sheets are not read; give the drawing presentation attributes, as iconify's tools do.");
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

/// <summary>What a shape is painted with: one colour, or a gradient.</summary>
internal sealed class SvgPaint
{
    private readonly SvgColor _color;
    private readonly SvgGradient? _gradient;
    private readonly float _opacity;

    /// <summary>One colour, its opacity included.</summary>
    public SvgPaint(SvgColor color) => _color = color;

    /// <summary>A gradient with an opacity from 0 to 1.</summary>
    public SvgPaint(SvgGradient gradient, float opacity)
    {
        _gradient = gradient;
        _opacity = opacity;
    }

    /// <summary>The paint for a path; gradients may depend on its bounds. The caller disposes it.</summary>
    public SKPaint Create(SKPath path, Func<SvgColor, SKColor> color)
    {
        var paint = new SKPaint { IsAntialias = true };
        if (_gradient is null)
        {
            paint.Color = color(_color);
        }
        else
        {
            using SKShader shader = _gradient.CreateShader(path, color);
            paint.Color = SKColors.White.WithAlpha((byte)Math.Clamp(MathF.Round(_opacity * 255), 0, 255));
            paint.Shader = shader;
        }

        return paint;
    }
}

/// <summary>A colour of a drawing: given, or the one that who draws it chooses (<c>currentColor</c>).</summary>
internal readonly record struct SvgColor(SKColor Value, bool IsCurrent)
{
    public static SvgColor Black { get; } = new(SKColors.Black, false);

    /// <summary>Reads <c>#rgb</c>, <c>#rrggbb</c>, <c>#rrggbbaa</c>, <c>rgb()</c>, <c>rgba()</c>, a name, or currentColor.</summary>
    /// <exception cref="EvaluationException">It is none of these.</exception>
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

        var named = System.Drawing.Color.FromName(value.Replace("grey", "gray", StringComparison.OrdinalIgnoreCase));
        return named is { IsKnownColor: true, IsSystemColor: false }
            ? new SvgColor(new SKColor((uint)named.ToArgb()), false)
            : throw new EvaluationException($"'{SvgMarkup.Short(text)}' is not a colour that is read here: #rrggbb, rgb(), rgba(), currentColor or a name.");
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

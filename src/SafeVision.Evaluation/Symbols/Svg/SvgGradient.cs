namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>A linear or radial gradient, in user space or in the bounds of the shape that it paints.</summary>
internal sealed class SvgGradient
{
    public required float[] Offsets { get; init; } // where the colours stand, 0 to 1, ascending
    public required SvgColor[] Colors { get; init; }
    public bool IsRadial { get; init; }
    public SKPoint Start { get; init; } // the line's start, or the focus
    public SKPoint End { get; init; } // the line's end, or the centre
    public float Radius { get; init; }
    public bool InBounds { get; init; } // whether the coordinates are fractions of the painted shape's bounds
    public SKMatrix Matrix { get; init; } = SKMatrix.Identity;
    public SKShaderTileMode Spread { get; init; } = SKShaderTileMode.Clamp; // what lies beyond the last colour

    /// <summary>The shader for a path. The caller disposes it.</summary>
    public SKShader CreateShader(SKPath path, Func<SvgColor, SKColor> color)
    {
        SKColor[] colors = Array.ConvertAll(Colors, value => color(value));
        SKRect bounds = InBounds ? path.TightBounds : default;
        bool isDegenerate = (InBounds && (bounds.Width <= 0 || bounds.Height <= 0)) || (IsRadial ? Radius <= 0 : Start == End);
        if (colors.Length == 1 || isDegenerate)
        {
            // SVG 1.1, 13.2: one stop, or a vector without length, paints in the last colour.
            return SKShader.CreateColor(colors[^1]);
        }

        SKMatrix matrix = InBounds
            ? new SKMatrix(bounds.Width, 0, bounds.Left, 0, bounds.Height, bounds.Top, 0, 0, 1).PreConcat(Matrix)
            : Matrix;
        return IsRadial
            ? SKShader.CreateTwoPointConicalGradient(Start, 0, End, Radius, colors, Offsets, Spread, matrix)
            : SKShader.CreateLinearGradient(Start, End, colors, Offsets, Spread, matrix);
    }
}

/// <summary>Reads linearGradient and radialGradient elements, with what they inherit by reference.</summary>
internal static class SvgGradientReader
{
    private const int LongestChain = 8;

    /// <exception cref="EvaluationException">It has no stops, refers to itself, or holds what is not read here.</exception>
    public static SvgGradient Read(SvgMarkup markup, XElement element)
    {
        XElement merged = new(element.Name, element.Attributes());
        XElement stops = element;
        XElement source = element;
        for (int link = 0; source.Attribute("href")?.Value is { } reference; link++)
        {
            source = link < LongestChain ? markup.Find(reference) : throw new EvaluationException($"The gradient '{SvgMarkup.Short(reference)}' is one of a chain of more than {LongestChain} references.");
            stops = stops.Elements("stop").Any() ? stops : source;
            foreach (XAttribute attribute in source.Attributes().Where(inherited => merged.Attribute(inherited.Name) is null))
            {
                merged.Add(new XAttribute(attribute));
            }
        }

        (float[] offsets, SvgColor[] colors) = ReadStops(stops);
        bool isRadial = element.Name.LocalName == "radialGradient";
        float cx = SvgNumbers.Read(merged, "cx", 0.5f);
        float cy = SvgNumbers.Read(merged, "cy", 0.5f);
        float radius = SvgNumbers.Read(merged, "r", 0.5f);
        return new SvgGradient
        {
            Offsets = offsets,
            Colors = colors,
            IsRadial = isRadial,
            Start = isRadial
                ? Focus(cx, cy, radius, SvgNumbers.Read(merged, "fx", cx), SvgNumbers.Read(merged, "fy", cy))
                : new SKPoint(SvgNumbers.Read(merged, "x1", 0), SvgNumbers.Read(merged, "y1", 0)),
            End = isRadial ? new SKPoint(cx, cy) : new SKPoint(SvgNumbers.Read(merged, "x2", 1), SvgNumbers.Read(merged, "y2", 0)),
            Radius = radius,
            InBounds = merged.Attribute("gradientUnits")?.Value != "userSpaceOnUse",
            Matrix = SvgNumbers.ReadTransform(merged.Attribute("gradientTransform")?.Value),
            Spread = merged.Attribute("spreadMethod")?.Value switch
            {
                "reflect" => SKShaderTileMode.Mirror,
                "repeat" => SKShaderTileMode.Repeat,
                _ => SKShaderTileMode.Clamp,
            },
        };
    }

    /// <summary>SVG 1.1, 13.2.3: a focus outside the circle is taken to its edge; just inside, where Skia still draws a disc.</summary>
    private static SKPoint Focus(float cx, float cy, float radius, float fx, float fy)
    {
        float distance = MathF.Sqrt(((fx - cx) * (fx - cx)) + ((fy - cy) * (fy - cy)));
        float most = radius * 0.99f;
        float scale = distance > most ? most / distance : 1;
        return new SKPoint(cx + ((fx - cx) * scale), cy + ((fy - cy) * scale));
    }

    private static (float[] Offsets, SvgColor[] Colors) ReadStops(XElement gradient)
    {
        XElement[] stops = [.. gradient.Elements("stop").Take(SvgLimits.Stops + 1)];
        if (stops.Length is 0 or > SvgLimits.Stops)
        {
            throw new EvaluationException($"A gradient must have 1 to {SvgLimits.Stops} stops.");
        }

        var offsets = new float[stops.Length];
        var colors = new SvgColor[stops.Length];
        float last = 0;
        for (int i = 0; i < stops.Length; i++)
        {
            last = offsets[i] = Math.Clamp(SvgNumbers.Read(stops[i], "offset", 0), last, 1);
            SvgColor color = stops[i].Attribute("stop-color")?.Value is { } text ? SvgColor.Parse(text) : SvgColor.Black;
            colors[i] = color.Fade(Math.Clamp(SvgNumbers.Read(stops[i], "stop-opacity", 1), 0, 1));
        }

        return (offsets, colors);
    }
}

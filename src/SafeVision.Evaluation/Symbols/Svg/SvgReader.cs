namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>Reads the subset of SVG 1.1 that icon sets are drawn in: shapes, groups, uses, gradients, clips, opacity. What it does
/// not know is an error and never a drawing with something missing.</summary>
internal sealed class SvgReader
{
    private readonly SvgMarkup _markup;
    private readonly Dictionary<string, SvgGradient> _gradients = new(StringComparer.Ordinal);
    private int _elements;
    private int _pathCharacters;

    private SvgReader(SvgMarkup markup) => _markup = markup;

    /// <summary>Reads the markup inside an svg element.</summary>
    /// <exception cref="EvaluationException">It is malformed, beyond <see cref="SvgLimits"/>, or uses what is not read here.</exception>
    public static SvgNode Read(string body)
    {
        SvgMarkup markup = SvgMarkup.Read(body);
        return new SvgGroup(new SvgReader(markup).ReadChildren(markup.Root, SvgStyle.Initial, 0));
    }

    private List<SvgNode> ReadChildren(XElement parent, SvgStyle style, int depth)
    {
        var nodes = new List<SvgNode>();
        foreach (XElement element in parent.Elements())
        {
            if (ReadElement(element, style, depth + 1) is { } node)
            {
                nodes.Add(node);
            }
        }

        return nodes;
    }

    private SvgGroup? ReadElement(XElement element, SvgStyle around, int depth)
    {
        Count(depth);
        SvgStyle style = around.Inside(element);
        switch (element.Name.LocalName)
        {
            case "defs" or "clipPath" or "linearGradient" or "radialGradient" or "title" or "desc" or "metadata":
                return null;
            case "g":
                return Wrap(element, ReadChildren(element, style, depth));
            case "use":
                SvgGroup? used = ReadElement(Target(element), style, depth + 1);
                return used is null ? null : Wrap(element, [used], SKMatrix.CreateTranslation(SvgNumbers.Read(element, "x", 0), SvgNumbers.Read(element, "y", 0)));
            default:
                return ReadPath(element) is { } path ? Wrap(element, [ReadShape(path, style)]) : null;
        }
    }

    private void Count(int depth)
    {
        if (++_elements > SvgLimits.Elements || depth > SvgLimits.Depth)
        {
            throw new EvaluationException($"The drawing has more than {SvgLimits.Elements:N0} elements with all its uses, or more than {SvgLimits.Depth} inside each other.");
        }
    }

    private SKPath? ReadPath(XElement element)
    {
        _pathCharacters += element.Attribute("d")?.Value.Length ?? 0;
        return _pathCharacters <= SvgLimits.AllPathCharacters
            ? SvgShapes.ReadPath(element)
            : throw new EvaluationException($"The drawing's paths have more than {SvgLimits.AllPathCharacters:N0} characters with all their uses.");
    }

    private XElement Target(XElement use) => _markup.Find(use.Attribute("href")?.Value ?? throw new EvaluationException("A <use> has no href."));

    /// <summary>Nodes under an element's own transform, clip and opacity.</summary>
    private SvgGroup Wrap(XElement element, List<SvgNode> nodes, SKMatrix? offset = null)
    {
        SKMatrix matrix = SvgNumbers.ReadTransform(element.Attribute("transform")?.Value);
        return new SvgGroup(nodes)
        {
            Matrix = offset is { } move ? matrix.PreConcat(move) : matrix,
            Clip = element.Attribute("clip-path")?.Value is { } clip && clip != "none" ? ReadClip(Url(clip)) : null,
            Opacity = Math.Clamp(SvgNumbers.Read(element, "opacity", 1), 0, 1),
        };
    }

    private SvgShape ReadShape(SKPath path, SvgStyle style)
    {
        path.FillType = style.FillRule;
        return new SvgShape(path, style) { Fill = ReadPaint(style.Fill, style.FillOpacity), Stroke = ReadPaint(style.Stroke, style.StrokeOpacity) };
    }

    private SvgPaint? ReadPaint(string text, float opacity)
    {
        if (text is "none" or "transparent")
        {
            return null;
        }

        if (!text.StartsWith("url(", StringComparison.Ordinal))
        {
            return new SvgPaint(SvgColor.Parse(text).Fade(opacity));
        }

        string reference = Url(text);
        if (!_gradients.TryGetValue(reference, out SvgGradient? gradient))
        {
            XElement element = _markup.Find(reference);
            gradient = element.Name.LocalName is "linearGradient" or "radialGradient"
                ? SvgGradientReader.Read(_markup, element)
                : throw new EvaluationException($"<{element.Name.LocalName}> as a paint is not read here.");
            _gradients[reference] = gradient;
        }

        return new SvgPaint(gradient, opacity);
    }

    private SKPath ReadClip(string reference)
    {
        XElement element = _markup.Find(reference);
        if (element.Name.LocalName != "clipPath" || element.Attribute("clipPathUnits")?.Value == "objectBoundingBox")
        {
            throw new EvaluationException($"The clip '{SvgMarkup.Short(reference)}' must be a clipPath in user space.");
        }

        using var clip = new SKPathBuilder();
        SKPathFillType rule = SvgStyle.Initial.Inside(element).ClipRule;
        foreach (XElement child in element.Elements())
        {
            rule = AddClip(clip, child, SvgStyle.Initial.Inside(element), SKMatrix.Identity, 1);
        }

        SKPath whole = clip.Detach();
        whole.FillType = rule;
        return whole;
    }

    /// <summary>Adds a shape of a clipPath, or the one that a use stands for. Returns its rule.</summary>
    private SKPathFillType AddClip(SKPathBuilder clip, XElement element, SvgStyle around, SKMatrix matrix, int depth)
    {
        Count(depth);
        SvgStyle style = around.Inside(element);
        matrix = matrix.PreConcat(SvgNumbers.ReadTransform(element.Attribute("transform")?.Value));
        if (element.Name.LocalName == "use")
        {
            matrix = matrix.PreConcat(SKMatrix.CreateTranslation(SvgNumbers.Read(element, "x", 0), SvgNumbers.Read(element, "y", 0)));
            return AddClip(clip, Target(element), style, matrix, depth + 1);
        }

        if (ReadPath(element) is { } path)
        {
            using (path)
            {
                clip.AddPath(path, in matrix);
            }
        }

        return style.ClipRule;
    }

    private static string Url(string text) => text.StartsWith("url(", StringComparison.Ordinal) && text.EndsWith(')')
        ? text[4..^1].Trim('\'', '"', ' ')
        : throw new EvaluationException($"'{SvgMarkup.Short(text)}' must be a reference such as url(#a).");
}

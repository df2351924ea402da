namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>A part of a drawing: a shape, or parts that are moved, clipped or faded together.</summary>
internal abstract class SvgNode
{
    /// <summary>Draws the part.</summary>
    /// <param name="canvas">Where to; its matrix is that of the part's surroundings.</param>
    /// <param name="color">What becomes of each colour.</param>
    public abstract void Draw(SKCanvas canvas, Func<SvgColor, SKColor> color);
}

/// <summary>Parts under one transform, clip and opacity.</summary>
internal sealed class SvgGroup(IReadOnlyList<SvgNode> children) : SvgNode
{
    public SKMatrix Matrix { get; init; } = SKMatrix.Identity; // from the group's coordinates to those around it
    public SKPath? Clip { get; init; } // what of the group is seen, in its own coordinates; null: all
    public float Opacity { get; init; } = 1;

    public override void Draw(SKCanvas canvas, Func<SvgColor, SKColor> color)
    {
        int saved = canvas.Save();
        canvas.Concat(Matrix);
        if (Clip is not null)
        {
            canvas.ClipPath(Clip, SKClipOperation.Intersect, antialias: true);
        }

        if (Opacity < 1)
        {
            using var paint = new SKPaint { Color = SKColors.White.WithAlpha((byte)Math.Clamp(MathF.Round(Opacity * 255), 0, 255)) };
            canvas.SaveLayer(paint);
        }

        foreach (SvgNode child in children)
        {
            child.Draw(canvas, color);
        }

        canvas.RestoreToCount(saved);
    }
}

/// <summary>A path with its style, what fills it and what follows its edge.</summary>
internal sealed class SvgShape(SKPath path, SvgStyle style) : SvgNode
{
    public SvgPaint? Fill { get; init; } // what fills the path; null: nothing
    public SvgPaint? Stroke { get; init; } // what follows its edge; null: nothing

    public override void Draw(SKCanvas canvas, Func<SvgColor, SKColor> color)
    {
        if (style.StrokeFirst)
        {
            DrawStroke(canvas, color);
        }

        if (Fill is not null)
        {
            using SKPaint paint = Fill.Create(path, color);
            paint.Style = SKPaintStyle.Fill;
            canvas.DrawPath(path, paint);
        }

        if (!style.StrokeFirst)
        {
            DrawStroke(canvas, color);
        }
    }

    private void DrawStroke(SKCanvas canvas, Func<SvgColor, SKColor> color)
    {
        if (Stroke is null || style.StrokeWidth <= 0)
        {
            return;
        }

        using SKPaint paint = Stroke.Create(path, color);
        using SKPathEffect? dashes = style.Dashes.Length == 0 ? null : SKPathEffect.CreateDash(style.Dashes, 0);
        paint.Style = SKPaintStyle.Stroke;
        paint.StrokeWidth = style.StrokeWidth;
        paint.StrokeCap = style.Cap;
        paint.StrokeJoin = style.Join;
        paint.StrokeMiter = style.MiterLimit;
        paint.PathEffect = dashes;
        canvas.DrawPath(path, paint);
    }
}

/// <summary>The paths of the shape elements.</summary>
internal static class SvgShapes
{
    /// <summary>The path of a shape; null where it draws nothing. The caller disposes it.</summary>
    /// <exception cref="EvaluationException">The element is no shape, or its numbers cannot be read.</exception>
    public static SKPath? ReadPath(XElement element) => element.Name.LocalName switch
    {
        "path" => ReadData(element.Attribute("d")?.Value),
        "circle" => Oval(element, SvgNumbers.Read(element, "r", 0), SvgNumbers.Read(element, "r", 0)),
        "ellipse" => Oval(element, SvgNumbers.Read(element, "rx", 0), SvgNumbers.Read(element, "ry", 0)),
        "rect" => Rectangle(element),
        "line" => Polyline(
            [SvgNumbers.Read(element, "x1", 0), SvgNumbers.Read(element, "y1", 0), SvgNumbers.Read(element, "x2", 0), SvgNumbers.Read(element, "y2", 0)],
            close: false),
        "polyline" => Polyline(SvgNumbers.ReadList(element.Attribute("points")?.Value ?? ""), close: false),
        "polygon" => Polyline(SvgNumbers.ReadList(element.Attribute("points")?.Value ?? ""), close: true),
        string other => throw new EvaluationException($"<{SvgMarkup.Short(other)}> is not read here; shapes, groups, uses, gradients and clips are."),
    };

    private static SKPath? ReadData(string? data)
    {
        if (string.IsNullOrWhiteSpace(data))
        {
            return null;
        }

        if (data.Length > SvgLimits.PathCharacters)
        {
            throw new EvaluationException($"A path has {data.Length:N0} characters; at most {SvgLimits.PathCharacters:N0} are read.");
        }

        SKPath? path = SKPath.ParseSvgPathData(data);
        SKRect bounds = path?.Bounds ?? default;
        float farthest = Math.Max(Math.Max(MathF.Abs(bounds.Left), MathF.Abs(bounds.Right)), Math.Max(MathF.Abs(bounds.Top), MathF.Abs(bounds.Bottom)));

        // Not a number fails the comparison too.
        if (path is null || !(farthest <= SvgLimits.Coordinate))
        {
            path?.Dispose();
            throw new EvaluationException($"The path '{SvgMarkup.Short(data)}' cannot be drawn.");
        }

        return path;
    }

    private static SKPath? Oval(XElement element, float rx, float ry)
    {
        if (rx <= 0 || ry <= 0)
        {
            return null;
        }

        float cx = SvgNumbers.Read(element, "cx", 0);
        float cy = SvgNumbers.Read(element, "cy", 0);
        using var builder = new SKPathBuilder();
        builder.AddOval(new SKRect(cx - rx, cy - ry, cx + rx, cy + ry), SKPathDirection.Clockwise);
        return builder.Detach();
    }

    private static SKPath? Rectangle(XElement element)
    {
        float width = SvgNumbers.Read(element, "width", 0);
        float height = SvgNumbers.Read(element, "height", 0);
        if (width <= 0 || height <= 0)
        {
            return null;
        }

        // SVG 1.1, 9.2: one radius alone counts for both, and neither is more than half a side.
        float rx = SvgNumbers.Read(element, "rx", SvgNumbers.Read(element, "ry", 0));
        float ry = SvgNumbers.Read(element, "ry", rx);
        float x = SvgNumbers.Read(element, "x", 0);
        float y = SvgNumbers.Read(element, "y", 0);
        using var builder = new SKPathBuilder();
        builder.AddRoundRect(new SKRect(x, y, x + width, y + height), Math.Clamp(rx, 0, width / 2), Math.Clamp(ry, 0, height / 2), SKPathDirection.Clockwise);
        return builder.Detach();
    }

    private static SKPath? Polyline(float[] numbers, bool close)
    {
        if (numbers.Length < 4)
        {
            return null;
        }

        var points = new SKPoint[numbers.Length / 2];
        for (int i = 0; i < points.Length; i++)
        {
            points[i] = new SKPoint(numbers[2 * i], numbers[(2 * i) + 1]);
        }

        using var builder = new SKPathBuilder();
        builder.AddPoly(points, close);
        return builder.Detach();
    }
}

using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>A path with what fills it and what follows its edge.</summary>
internal sealed class SvgShape(SKPath path) : SvgNode
{
    /// <summary>What fills the path; null: nothing.</summary>
    public SvgPaint? Fill { get; init; }

    /// <summary>What follows its edge; null: nothing.</summary>
    public SvgPaint? Stroke { get; init; }

    /// <summary>The edge's width, in the path's coordinates.</summary>
    public float StrokeWidth { get; init; } = 1;

    public SKStrokeCap Cap { get; init; }

    public SKStrokeJoin Join { get; init; }

    public float MiterLimit { get; init; } = 4;

    /// <summary>Lengths of dashes and gaps; empty: an unbroken edge.</summary>
    public float[] Dashes { get; init; } = [];

    /// <summary>Whether the filling lies over the edge's inner half (<c>paint-order: stroke</c>).</summary>
    public bool StrokeFirst { get; init; }

    public override void Draw(SKCanvas canvas, Func<SvgColor, SKColor> color)
    {
        if (StrokeFirst)
        {
            DrawStroke(canvas, color);
        }

        if (Fill is not null)
        {
            using SKPaint paint = Fill.Create(path, color);
            paint.Style = SKPaintStyle.Fill;
            canvas.DrawPath(path, paint);
        }

        if (!StrokeFirst)
        {
            DrawStroke(canvas, color);
        }
    }

    private void DrawStroke(SKCanvas canvas, Func<SvgColor, SKColor> color)
    {
        if (Stroke is null || StrokeWidth <= 0)
        {
            return;
        }

        using SKPaint paint = Stroke.Create(path, color);
        using SKPathEffect? dashes = Dashes.Length == 0 ? null : SKPathEffect.CreateDash(Dashes, 0);
        paint.Style = SKPaintStyle.Stroke;
        paint.StrokeWidth = StrokeWidth;
        paint.StrokeCap = Cap;
        paint.StrokeJoin = Join;
        paint.StrokeMiter = MiterLimit;
        paint.PathEffect = dashes;
        canvas.DrawPath(path, paint);
    }
}

using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>Parts under one transform, clip and opacity.</summary>
internal sealed class SvgGroup(IReadOnlyList<SvgNode> children) : SvgNode
{
    /// <summary>From the group's coordinates to those around it.</summary>
    public SKMatrix Matrix { get; init; } = SKMatrix.Identity;

    /// <summary>What of the group is seen, in its own coordinates; null: all.</summary>
    public SKPath? Clip { get; init; }

    /// <summary>The opacity of the group as a whole, 0 to 1.</summary>
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

using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Svg;

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

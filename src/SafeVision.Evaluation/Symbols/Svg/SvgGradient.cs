using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>A linear or radial gradient, in user space or in the bounds of the shape that it paints.</summary>
internal sealed class SvgGradient
{
    /// <summary>Where the colours stand, 0 to 1, ascending.</summary>
    public required float[] Offsets { get; init; }

    /// <summary>The colours.</summary>
    public required SvgColor[] Colors { get; init; }

    /// <summary>Whether it is radial; else linear.</summary>
    public bool IsRadial { get; init; }

    /// <summary>The line's start, or the focus.</summary>
    public SKPoint Start { get; init; }

    /// <summary>The line's end, or the centre.</summary>
    public SKPoint End { get; init; }

    /// <summary>The radius of a radial gradient.</summary>
    public float Radius { get; init; }

    /// <summary>Whether the coordinates are fractions of the painted shape's bounds.</summary>
    public bool InBounds { get; init; }

    /// <summary>The gradient's own transform.</summary>
    public SKMatrix Matrix { get; init; } = SKMatrix.Identity;

    /// <summary>What lies beyond the last colour.</summary>
    public SKShaderTileMode Spread { get; init; } = SKShaderTileMode.Clamp;

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

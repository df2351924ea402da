using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>A part of a drawing: a shape, or parts that are moved, clipped or faded together.</summary>
internal abstract class SvgNode
{
    /// <summary>Draws the part.</summary>
    /// <param name="canvas">Where to; its matrix is that of the part's surroundings.</param>
    /// <param name="color">What becomes of each colour.</param>
    public abstract void Draw(SKCanvas canvas, Func<SvgColor, SKColor> color);
}

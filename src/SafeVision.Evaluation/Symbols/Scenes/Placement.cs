using SafeVision.Evaluation.Symbols.Catalogue;
using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>A symbol's place in a picture. Lengths are fractions of the picture's side.</summary>
internal sealed record Placement
{
    /// <summary>What it shows.</summary>
    public required SymbolThing Thing { get; init; }

    /// <summary>The drawing.</summary>
    public required Symbol Symbol { get; init; }

    /// <summary>The middle of the drawn part.</summary>
    public required double X { get; init; }

    /// <summary>The middle of the drawn part, from the top.</summary>
    public required double Y { get; init; }

    /// <summary>The longer side of the drawn part before it is turned.</summary>
    public required double Size { get; init; }

    /// <summary>Clockwise, in degrees.</summary>
    public double Rotation { get; init; }

    /// <summary>Whether it is mirrored.</summary>
    public bool IsMirrored { get; init; }

    /// <summary>Its colours.</summary>
    public required InkStyle Style { get; init; }

    /// <summary>A tile behind it; null: none.</summary>
    public SKColor? Tile { get; init; }

    /// <summary>The categories that it is evidence for here.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>How much of it must stay visible, 0 to 1.</summary>
    public double LeastVisible { get; init; } = 0.5;
}

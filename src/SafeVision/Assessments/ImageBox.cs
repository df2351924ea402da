namespace SafeVision.Assessments;

/// <summary>A rectangle in fractions of the upright image's width and height, origin at the top left.</summary>
/// <param name="X">The left edge, 0 to 1.</param>
/// <param name="Y">The top edge, 0 to 1.</param>
/// <param name="Width">The width, 0 to 1.</param>
/// <param name="Height">The height, 0 to 1.</param>
public readonly record struct ImageBox(double X, double Y, double Width, double Height)
{
    /// <summary>The whole image.</summary>
    public static ImageBox Whole { get; } = new(0, 0, 1, 1);
}

namespace SafeVision.Imaging;

/// <summary>A rectangle of a picture in pixels from its top left corner. Edges may lie between pixels.</summary>
/// <param name="X">The left edge.</param>
/// <param name="Y">The top edge.</param>
/// <param name="Width">The width.</param>
/// <param name="Height">The height.</param>
public readonly record struct ImageRegion(double X, double Y, double Width, double Height)
{
    /// <summary>All of a picture.</summary>
    /// <param name="width">The picture's columns.</param>
    /// <param name="height">The picture's rows.</param>
    public static ImageRegion Whole(int width, int height) => new(0, 0, width, height);
}

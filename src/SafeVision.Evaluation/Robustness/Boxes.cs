using SafeVision.Assessments;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Boxes in fractions of a picture.</summary>
internal static class Boxes
{
    public static ImageBox FromEdges(double left, double top, double right, double bottom) => new(left, top, right - left, bottom - top);

    /// <summary>What of a box lies within the picture; empty where nothing does.</summary>
    public static IReadOnlyList<ImageBox> Inside(ImageBox box)
    {
        (double left, double top) = (Math.Max(0, box.X), Math.Max(0, box.Y));
        (double right, double bottom) = (Math.Min(1, box.X + box.Width), Math.Min(1, box.Y + box.Height));
        return right > left && bottom > top ? [FromEdges(left, top, right, bottom)] : [];
    }
}

using SafeVision.Assessments;

namespace SafeVision.Evaluation.Explanations;

/// <summary>How boxes lie to each other.</summary>
public static class BoxMetrics
{
    /// <summary>Intersection over union: 0 for boxes that share no area, 1 for equal ones; 0 where both are empty.</summary>
    public static double IntersectionOverUnion(ImageBox first, ImageBox second)
    {
        double shared = Overlap(first, second);
        double union = (first.Width * first.Height) + (second.Width * second.Height) - shared;
        return union > 0 ? shared / union : 0;
    }

    /// <summary>The best intersection over union of a box with any of the others; 0 where there is none.</summary>
    public static double Best(ImageBox box, IReadOnlyList<ImageBox> others)
    {
        ArgumentNullException.ThrowIfNull(others);
        return others.Count == 0 ? 0 : others.Max(other => IntersectionOverUnion(box, other));
    }

    /// <summary>The area that two boxes share.</summary>
    internal static double Overlap(ImageBox first, ImageBox second)
    {
        double width = Math.Min(first.X + first.Width, second.X + second.Width) - Math.Max(first.X, second.X);
        double height = Math.Min(first.Y + first.Height, second.Y + second.Height) - Math.Max(first.Y, second.Y);
        return width > 0 && height > 0 ? width * height : 0;
    }

    /// <summary>The area of one box that any of the others covers; where those overlap, it counts once.</summary>
    internal static double Covered(ImageBox box, IReadOnlyList<ImageBox> others)
    {
        // Between two neighbouring edges of all boxes, what is covered is the same in every column.
        double[] edges = [.. others.SelectMany(other => (double[])[other.X, other.X + other.Width]).Append(box.X).Append(box.X + box.Width).Where(x => x >= box.X && x <= box.X + box.Width).Order()];
        double area = 0;
        for (int i = 1; i < edges.Length; i++)
        {
            (double left, double right) = (edges[i - 1], edges[i]);
            double height = 0, below = box.Y;
            foreach (ImageBox other in others.Where(other => other.X <= left && other.X + other.Width >= right).OrderBy(other => other.Y))
            {
                double top = Math.Max(below, other.Y), bottom = Math.Min(box.Y + box.Height, other.Y + other.Height);
                height += Math.Max(0, bottom - top);
                below = Math.Max(below, bottom);
            }

            area += (right - left) * height;
        }

        return area;
    }
}

namespace SafeVision.Evaluation.Explanations;

/// <summary>Whether a heat map points at what it should.</summary>
internal static class HeatMapMetrics
{
    /// <summary>The pointing game (Zhang et al., "Top-down neural attention by excitation backprop", 2016): 1 where the hottest
    /// cell's middle lies in a box or near one, else 0. Where several cells are hottest, the share of them that hit, so that an
    /// even map gains no more than chance.</summary>
    /// <param name="boxes">Where the things are.</param>
    /// <param name="tolerance">How far off still counts, as a share of the image's width and height. The paper's 15 pixels are about 0.03 of its images.</param>
    /// <returns>0 to 1; NaN for a map without heat or where there is no box.</returns>
    public static double PointingGame(HeatMap map, IReadOnlyList<ImageBox> boxes, double tolerance = 0.03)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tolerance);
        float hottest = map.Values.Max();
        if (!(hottest > 0) || boxes.Count == 0)
        {
            return double.NaN;
        }

        int[] peaks = [.. Enumerable.Range(0, map.Values.Count).Where(cell => map.Values[cell] == hottest)];
        return (double)peaks.Count(Hits) / peaks.Length;

        bool Hits(int peak)
        {
            ImageBox cell = Cell(map, peak);
            (double x, double y) = (cell.X + (cell.Width / 2), cell.Y + (cell.Height / 2));
            return boxes.Any(box => x >= box.X - tolerance && x <= box.X + box.Width + tolerance && y >= box.Y - tolerance && y <= box.Y + box.Height + tolerance);
        }
    }

    /// <summary>The energy-based pointing game (Wang et al., "Score-CAM", 2020): the share of the heat that lies in the boxes. A
    /// cell that lies partly in one counts by its area in it.</summary>
    /// <returns>0 to 1; NaN for a map without heat or where there is no box.</returns>
    public static double EnergyInside(HeatMap map, IReadOnlyList<ImageBox> boxes)
    {
        double all = 0, inside = 0;
        for (int i = 0; i < map.Values.Count; i++)
        {
            float heat = Math.Max(0, map.Values[i]);
            if (heat > 0)
            {
                ImageBox cell = Cell(map, i);
                all += heat;
                inside += heat * BoxMetrics.Covered(cell, boxes) / (cell.Width * cell.Height);
            }
        }

        return all > 0 && boxes.Count > 0 ? Math.Min(1, inside / all) : double.NaN;
    }

    /// <summary>The part of the image that a cell covers.</summary>
    internal static ImageBox Cell(HeatMap map, int index)
    {
        (int y, int x) = Math.DivRem(index, map.Width);
        (double width, double height) = (map.Region.Width / map.Width, map.Region.Height / map.Height);
        return new ImageBox(map.Region.X + (x * width), map.Region.Y + (y * height), width, height);
    }
}

/// <summary>How boxes lie to each other.</summary>
internal static class BoxMetrics
{
    /// <summary>Intersection over union: 0 for boxes that share no area, 1 for equal ones; 0 where both are empty.</summary>
    public static double IntersectionOverUnion(ImageBox first, ImageBox second)
    {
        double shared = Overlap(first, second);
        double union = (first.Width * first.Height) + (second.Width * second.Height) - shared;
        return union > 0 ? shared / union : 0;
    }

    /// <summary>The best intersection over union of a box with any of the others; 0 where there is none.</summary>
    public static double Best(ImageBox box, IReadOnlyList<ImageBox> others) => others.Select(other => IntersectionOverUnion(box, other)).DefaultIfEmpty().Max();

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

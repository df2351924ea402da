namespace SafeVision.Evaluation.Reports;

/// <summary>A line to be drawn.</summary>
/// <param name="Kind">What its axes are.</param>
/// <param name="Name">What the legend calls it: a category's id, or "all".</param>
/// <param name="Points">Its points in drawing order.</param>
public sealed record ReportCurve(CurveKind Kind, string Name, IReadOnlyList<CurvePoint> Points)
{
    /// <summary>
    /// The same line with points left out that lie closer than one part of an axis to the one before, or are no numbers. A
    /// line that never rests keeps every so many points, at most four times as many as parts, and its last.
    /// </summary>
    /// <param name="parts">Into how many parts an axis is divided, at least 1.</param>
    public ReportCurve Thin(int parts)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(parts);
        CurvePoint[] points = [.. Points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y))];
        double width = points.Select(point => point.X).DefaultIfEmpty(1).Max();
        double least = 1.0 / parts, leastX = least * width;
        List<CurvePoint> kept = [];
        for (int i = 0; i < points.Length; i++)
        {
            bool near = kept.Count > 0 && Math.Abs(points[i].X - kept[^1].X) < leastX && Math.Abs(points[i].Y - kept[^1].Y) < least;
            if (!near || i == points.Length - 1)
            {
                kept.Add(points[i]);
            }
        }

        int most = 4 * parts;
        if (kept.Count > most)
        {
            kept = [.. Enumerable.Range(0, most - 1).Select(i => kept[(int)((long)i * kept.Count / (most - 1))]), kept[^1]];
        }

        return this with { Points = kept };
    }
}

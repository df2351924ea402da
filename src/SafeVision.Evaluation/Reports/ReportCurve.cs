namespace SafeVision.Evaluation.Reports;

/// <summary>A line to be drawn.</summary>
/// <param name="Kind">What its axes are.</param>
/// <param name="Name">What the legend calls it: a category's id, or "all".</param>
/// <param name="Points">Its points in drawing order.</param>
public sealed record ReportCurve(CurveKind Kind, string Name, IReadOnlyList<CurvePoint> Points);

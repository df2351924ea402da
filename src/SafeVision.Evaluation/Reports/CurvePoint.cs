namespace SafeVision.Evaluation.Reports;

/// <summary>A point of a curve.</summary>
public readonly record struct CurvePoint(double X, double Y);

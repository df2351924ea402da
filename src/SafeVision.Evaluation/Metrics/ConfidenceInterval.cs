namespace SafeVision.Evaluation.Metrics;

/// <summary>Where a rate probably lies.</summary>
/// <param name="Low">The lower end, 0 to 1.</param>
/// <param name="High">The upper end, 0 to 1.</param>
/// <param name="Confidence">How often an interval made this way holds the true rate.</param>
public readonly record struct ConfidenceInterval(double Low, double High, double Confidence);

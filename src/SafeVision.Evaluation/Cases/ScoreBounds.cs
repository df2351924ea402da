namespace SafeVision.Evaluation.Cases;

/// <summary>Where a score is to lie, both ends included.</summary>
/// <param name="AtLeast">The least, 0 to 1.</param>
/// <param name="AtMost">The most, 0 to 1.</param>
public sealed record ScoreBounds(double AtLeast = 0, double AtMost = 1);

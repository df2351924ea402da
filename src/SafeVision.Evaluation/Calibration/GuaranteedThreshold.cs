namespace SafeVision.Evaluation.Calibration;

/// <summary>A threshold with a guarantee on how often it errs, or the finding that so few samples allow none.</summary>
/// <remarks>
/// The guarantee is for images that are drawn as the calibration samples were, and ends where production shows others.
/// </remarks>
/// <param name="Threshold">The score from which, inclusive, an image is flagged; null where no threshold can be guaranteed.</param>
/// <param name="MaximumRate">How often the threshold may err.</param>
/// <param name="Confidence">
/// How sure it is that the threshold at hand errs no more than that; null for the weaker guarantee on average, see
/// <see cref="ConformalThreshold"/>.
/// </param>
/// <param name="Samples">How many samples it rests on: positives for misses, negatives for false alarms.</param>
/// <param name="Errors">On how many of them it errs; 0 where there is no threshold.</param>
/// <param name="SamplesNeeded">With how many samples, at the least, some threshold can be guaranteed.</param>
public sealed record GuaranteedThreshold(
    double? Threshold, double MaximumRate, double? Confidence, int Samples, int Errors, int SamplesNeeded)
{
    /// <summary>Whether there is a threshold.</summary>
    public bool IsPossible => Threshold is not null;
}

namespace SafeVision;

/// <summary>How long each stage took.</summary>
/// <param name="DecodeMilliseconds">From bytes to pixels.</param>
/// <param name="AssessMilliseconds">Preprocessing and all engines.</param>
/// <param name="DecideMilliseconds">From scores to the decision and its explanation.</param>
public sealed record StageDurations(double DecodeMilliseconds, double AssessMilliseconds, double DecideMilliseconds)
{
    /// <summary>All stages together.</summary>
    public double TotalMilliseconds => DecodeMilliseconds + AssessMilliseconds + DecideMilliseconds;
}

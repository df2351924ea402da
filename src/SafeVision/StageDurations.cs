namespace SafeVision;

/// <summary>How long each stage took.</summary>
/// <param name="DecodeMilliseconds">Reading the file, and from its bytes to pixels.</param>
/// <param name="AssessMilliseconds">Preprocessing and all engines.</param>
/// <param name="DecideMilliseconds">From scores to the decision and its explanation.</param>
public sealed record StageDurations(double DecodeMilliseconds, double AssessMilliseconds, double DecideMilliseconds)
{
    /// <summary>From the call to the image's turn: the time it waited for others.</summary>
    public double QueueMilliseconds { get; init; }

    /// <summary>All stages together, from the call to the result.</summary>
    public double TotalMilliseconds => QueueMilliseconds + DecodeMilliseconds + AssessMilliseconds + DecideMilliseconds;
}

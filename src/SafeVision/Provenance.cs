namespace SafeVision;

/// <summary>What is needed to audit a decision and to repeat it.</summary>
public sealed record Provenance
{
    /// <summary>The policy's name.</summary>
    public required string Policy { get; init; }

    /// <summary>The policy's version.</summary>
    public required string PolicyVersion { get; init; }

    /// <summary>The hash of what the policy says, whatever file it was in.</summary>
    public required string PolicyHash { get; init; }

    /// <summary>The models that judged, in order.</summary>
    public required IReadOnlyList<ModelProvenance> Models { get; init; }

    /// <summary>Frames in the file.</summary>
    public int FrameCount { get; init; }

    /// <summary>Frames that were judged: fewer than <see cref="FrameCount"/> where an animation was sampled, more where viewers show a frame differently.</summary>
    public int FramesJudged { get; init; }

    /// <summary>The tokens that a language model read and wrote, and how many of them were computed before; null where there was none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TokenUsage? Tokens { get; init; }

    /// <summary>How long each stage took.</summary>
    public required StageDurations Durations { get; init; }
}

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

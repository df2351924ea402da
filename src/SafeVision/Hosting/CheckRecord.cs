using SafeVision.Decisions;

namespace SafeVision.Hosting;

/// <summary>What one check has come to so far: its policy, the time of each stage, and in the end its result.</summary>
internal sealed class CheckRecord(PolicyLease lease, TimeProvider clock)
{
    private readonly long _called = clock.GetTimestamp();
    private long _begun = -1;
    private long _decoded = -1;
    private long _assessed = -1;

    public Task<ImageBytes>? Reading { get; set; } // the reading of what the caller gave, such as a request's body

    public void Begin() => _begun = clock.GetTimestamp();

    public void Decoded() => _decoded = clock.GetTimestamp();

    public void Assessed() => _assessed = clock.GetTimestamp();

    /// <summary>The result of an image that was judged.</summary>
    public GuardrailResult Decide(DecodedImage decoded, IReadOnlyList<FrameAssessment> frames)
    {
        TokenUsage? usage = frames.Select(frame => frame.Usage).Aggregate(TokenUsage.Sum);
        IReadOnlyList<Finding> findings = Located(DecisionRule.Findings(lease.Policy, frames), decoded.Judged);
        Decision decision = DecisionRule.Strictest(findings);
        return new GuardrailResult
        {
            Decision = decision,
            Explanation = Explanation.Of(lease.Policy, decision, findings, decoded.FrameCount > 1),
            Findings = findings,
            Provenance = lease.Provenance(Durations(), decoded.FrameCount, decoded.Judged.Count, usage),
        };
    }

    /// <summary>Says of each finding which frame of the file it is about, and how that is shown.</summary>
    private static IReadOnlyList<Finding> Located(IReadOnlyList<Finding> findings, IReadOnlyList<ImageFrame> judged) =>
        judged.Count == 1 && judged[0].Index == 0
            ? findings
            : [.. findings.Select(finding => finding with { Frame = judged[finding.Frame].Index, Rendering = judged[finding.Frame].Rendering })];

    /// <summary>The result of an image that could not be judged.</summary>
    public GuardrailResult Fail(FailureReason reason, string message, TimeSpan? retryAfter = null) => new()
    {
        Decision = lease.Policy.OnFailure,
        Explanation = $"The image could not be judged ({reason}): {PublicMessage.Of(message)} The policy's onFailure is {lease.Policy.OnFailure.ToString().ToLowerInvariant()}.",
        Findings = [],
        Failure = new GuardrailFailure(reason, PublicMessage.Of(message)) { RetryAfter = retryAfter },
        Provenance = lease.Provenance(Durations(), 0, 0),
    };

    /// <summary>The result of an image that was rejected before it was assessed.</summary>
    public GuardrailResult Fail(ImageRejectedException exception) => Fail(
        exception.Reason switch
        {
            ImageRejectionReason.Unsupported => FailureReason.Unsupported,
            ImageRejectionReason.Truncated => FailureReason.Truncated,
            ImageRejectionReason.TooLarge => FailureReason.TooLarge,
            ImageRejectionReason.Unreadable => FailureReason.Unreadable,
            _ => FailureReason.Corrupt,
        },
        exception.Message);

    /// <summary>Each stage's time until now; what follows the last one that ended belongs to the one that was going on.</summary>
    private StageDurations Durations()
    {
        long now = clock.GetTimestamp();
        long begun = _begun < 0 ? now : _begun, decoded = _decoded < 0 ? now : _decoded, assessed = _assessed < 0 ? now : _assessed;
        return new StageDurations(Milliseconds(begun, decoded), Milliseconds(decoded, assessed), Milliseconds(assessed, now))
        {
            QueueMilliseconds = Milliseconds(_called, begun),
        };
    }

    private double Milliseconds(long from, long to) => clock.GetElapsedTime(from, to).TotalMilliseconds;
}

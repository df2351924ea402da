using System.Text.Json.Serialization;

namespace SafeVision;

/// <summary>An image that could not be judged; the result's decision is then the policy's <c>onFailure</c>.</summary>
/// <param name="Reason">The kind of failure.</param>
/// <param name="Message">What happened and where, for a person. It names files without their folders and never holds image data.</param>
public sealed record GuardrailFailure(FailureReason Reason, string Message)
{
    /// <summary>
    /// After how long another try may find a turn: whole seconds, at least one, for a host's <c>Retry-After</c>. Set where
    /// <see cref="Reason"/> is <see cref="FailureReason.Busy"/>, null otherwise.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeSpan? RetryAfter { get; init; }
}

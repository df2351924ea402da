namespace SafeVision;

/// <summary>An image that could not be judged; the result's decision is then the policy's <c>onFailure</c>.</summary>
/// <param name="Reason">The kind of failure.</param>
/// <param name="Message">What happened and where, for a person. It never holds image data.</param>
public sealed record GuardrailFailure(FailureReason Reason, string Message);

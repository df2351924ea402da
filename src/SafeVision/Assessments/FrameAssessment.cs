namespace SafeVision.Assessments;

/// <summary>What an engine says about one frame: one assessment for each category, in the policy's order.</summary>
public sealed record FrameAssessment(IReadOnlyList<CategoryAssessment> Categories)
{
    /// <summary>The tokens that a language model read and wrote for it; null where there was none.</summary>
    public TokenUsage? Usage { get; init; }
}

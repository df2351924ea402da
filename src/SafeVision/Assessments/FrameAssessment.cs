namespace SafeVision.Assessments;

/// <summary>What an engine says about one frame: one assessment for each category, in the policy's order.</summary>
public sealed record FrameAssessment(IReadOnlyList<CategoryAssessment> Categories);

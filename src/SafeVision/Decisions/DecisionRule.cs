namespace SafeVision.Decisions;

/// <summary>From assessments and policy to a decision. Pure: no model, no I/O, no clock. The strictest finding decides; a category
/// without a score is "not assessed", and the policy says what follows; where an engine failed on a category, so does the policy's
/// <c>onFailure</c>, whatever another engine said.</summary>
internal static class DecisionRule
{
    /// <summary>One finding for each category of the policy, in its order.</summary>
    /// <param name="frames">What was assessed, one entry a frame, each with the policy's categories in order; a finding's frame is the entry's place.</param>
    public static IReadOnlyList<Finding> Findings(SafetyPolicy policy, IReadOnlyList<FrameAssessment> frames)
    {
        if (frames.Count == 0)
        {
            throw new ArgumentException("No frame was assessed; there must be one.", nameof(frames));
        }

        var findings = new Finding[policy.Categories.Count];
        for (int i = 0; i < findings.Length; i++)
        {
            Finding? worst = null;
            for (int frame = 0; frame < frames.Count; frame++)
            {
                Finding finding = Judge(policy, policy.Categories[i], Assessment(policy, frames[frame], i), frame);
                worst = worst is null || Rank(finding).CompareTo(Rank(worst)) < 0 ? finding : worst;
            }

            findings[i] = worst!;
        }

        return findings;
    }

    /// <summary>The strictest of the findings; block when there is none, for then nothing was judged.</summary>
    public static Decision Strictest(IReadOnlyList<Finding> findings) => findings.Select(finding => finding.Decision).DefaultIfEmpty(Decision.Block).Min();

    private static CategoryAssessment Assessment(SafetyPolicy policy, FrameAssessment frame, int category)
    {
        IReadOnlyList<CategoryAssessment> assessments = frame.Categories;
        return assessments.Count == policy.Categories.Count && assessments[category].CategoryId == policy.Categories[category].Id
            ? assessments[category]
            : throw new ArgumentException($"The assessment has no '{policy.Categories[category].Id}' in its place among the policy's {policy.Categories.Count} categories.", nameof(frame));
    }

    /// <summary>Orders findings of one category: strictest decision, then unsafe, not assessed, safe, then the higher score.</summary>
    private static (Decision, int, double) Rank(Finding finding) =>
        (finding.Decision,
         finding.Verdict switch { Verdict.Unsafe => 0, Verdict.NotAssessed => 1, _ => 2 },
         -(finding.Score ?? 0));

    private static Finding Judge(SafetyPolicy policy, SafetyCategory category, CategoryAssessment assessment, int frame)
    {
        Decision bySeen = assessment.Score is not { } score ? policy.WhenNotAssessedFor(category)
            : score >= category.BlockAt ? Decision.Block
            : score >= category.ReviewAt ? Decision.Review
            : Decision.Allow;
        return new Finding
        {
            Category = category.Id,
            Score = assessment.Score,
            Verdict = !assessment.IsAssessed ? Verdict.NotAssessed : bySeen == Decision.Allow ? Verdict.Safe : Verdict.Unsafe,
            Threshold = assessment.IsAssessed && bySeen == Decision.Block ? category.BlockAt : category.ReviewAt,
            Decision = assessment.Failure is null ? bySeen
                : assessment.IsAssessed ? Stricter(bySeen, policy.OnFailure)
                : policy.OnFailure,
            Severity = assessment.Score is { } seen ? category.Severity?.Of(seen) : null,
            Coverage = assessment.Coverage,
            Reason = assessment.Reason is { Length: > 0 } reason ? reason : "No engine covers this category.",
            Evidence = assessment.Evidence,
            Failure = assessment.Failure,
            Frame = frame,
        };
    }

    private static Decision Stricter(Decision left, Decision right) => left < right ? left : right;
}

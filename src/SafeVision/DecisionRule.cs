using SafeVision.Assessments;
using SafeVision.Policies;

namespace SafeVision;

/// <summary>
/// From assessments and policy to a decision. Pure: no model, no I/O, no clock. Whatever the engines hand over (nothing,
/// too little, the wrong categories), a category without a sound score is "not assessed", and the policy says what follows.
/// </summary>
internal static class DecisionRule
{
    /// <summary>One finding for each category of the policy, in its order.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="frames">What was assessed, one entry a frame.</param>
    /// <param name="frameIndices">Each entry's frame in the file.</param>
    public static IReadOnlyList<Finding> Findings(SafetyPolicy policy, IReadOnlyList<FrameAssessment> frames, IReadOnlyList<int> frameIndices)
    {
        var findings = new Finding[policy.Categories.Count];
        for (int i = 0; i < findings.Length; i++)
        {
            findings[i] = Worst(policy, policy.Categories[i], frames, frameIndices);
        }

        return findings;
    }

    /// <summary>The strictest of the findings; block when there is none, for then nothing was judged.</summary>
    public static Decision Strictest(IReadOnlyList<Finding> findings)
    {
        if (findings.Count == 0)
        {
            return Decision.Block;
        }

        Decision strictest = Decision.Allow;
        for (int i = 0; i < findings.Count; i++)
        {
            strictest = Stricter(strictest, findings[i].Decision);
        }

        return strictest;
    }

    private static Finding Worst(
        SafetyPolicy policy, SafetyCategory category, IReadOnlyList<FrameAssessment> frames, IReadOnlyList<int> frameIndices)
    {
        Finding? worst = null;
        for (int i = 0; i < frames.Count; i++)
        {
            // An engine that judges a category twice in a frame contradicts itself: the worse of the two counts.
            bool judged = false;
            IReadOnlyList<CategoryAssessment> assessments = frames[i].Categories;
            for (int j = 0; j < assessments.Count; j++)
            {
                if (assessments[j].CategoryId == category.Id)
                {
                    worst = Worse(worst, Judge(policy, category, assessments[j], frameIndices[i]));
                    judged = true;
                }
            }

            worst = judged ? worst : Worse(worst, Judge(policy, category, null, frameIndices[i]));
        }

        return worst ?? Judge(policy, category, null, 0);
    }

    private static Finding Worse(Finding? left, Finding right) => left is null || Rank(right).CompareTo(Rank(left)) < 0 ? right : left;

    /// <summary>Orders findings of one category: strictest decision, then unsafe, not assessed, safe, then the higher score.</summary>
    private static (Decision, int, double) Rank(Finding finding) =>
        (finding.Decision,
         finding.Verdict switch { Verdict.Unsafe => 0, Verdict.NotAssessed => 1, _ => 2 },
         double.IsNaN(finding.Score) ? 0 : -finding.Score);

    private static Finding Judge(SafetyPolicy policy, SafetyCategory category, CategoryAssessment? assessment, int frame)
    {
        if (assessment is not { IsAssessed: true, Score: >= 0 and <= 1 })
        {
            return new Finding
            {
                Category = category.Id,
                Score = double.NaN,
                Verdict = Verdict.NotAssessed,
                Threshold = category.ReviewAt,
                Decision = policy.WhenNotAssessedFor(category),
                Coverage = CoverageLevel.None,
                Reason = assessment?.Reason is { Length: > 0 } reason ? reason : "No engine covers this category.",
                Evidence = Evidence.None,
                Frame = frame,
            };
        }

        Decision decision = assessment.Score >= category.BlockAt ? Decision.Block
            : assessment.Score >= category.ReviewAt ? Decision.Review
            : Decision.Allow;
        return new Finding
        {
            Category = category.Id,
            Score = assessment.Score,
            Verdict = decision == Decision.Allow ? Verdict.Safe : Verdict.Unsafe,
            Threshold = decision == Decision.Block ? category.BlockAt : category.ReviewAt,
            Decision = decision,
            Coverage = assessment.Coverage,
            Reason = assessment.Reason,
            Evidence = assessment.Evidence,
            Frame = frame,
        };
    }

    private static Decision Stricter(Decision left, Decision right) => left < right ? left : right;
}

namespace SafeVision.Engines;

/// <summary>What every engine promises of its assessments, checked at the one place where they enter a decision. That a score is a
/// number from 0 to 1 holds for every <see cref="CategoryAssessment"/> there is; the rest is checked here.</summary>
internal static class EngineContract
{
    /// <summary>Returns the assessments when there is one for each frame and in it one for each category, in order, and what is covered was assessed.</summary>
    /// <exception cref="InvalidOperationException">The engine broke its promise, so nothing may be concluded from what it said.</exception>
    public static IReadOnlyList<FrameAssessment> Require(IReadOnlyList<FrameAssessment>? assessed, int frames, IReadOnlyList<CategoryCoverage> coverage)
    {
        if (assessed?.Count != frames)
        {
            throw new InvalidOperationException($"The engine judged {assessed?.Count ?? 0} frames of {frames}.");
        }

        for (int frame = 0; frame < frames; frame++)
        {
            IReadOnlyList<CategoryAssessment>? categories = assessed[frame]?.Categories;
            if (categories?.Count != coverage.Count)
            {
                throw new InvalidOperationException($"The engine judged {categories?.Count ?? 0} categories of the policy's {coverage.Count}.");
            }

            for (int i = 0; i < coverage.Count; i++)
            {
                Require(categories[i], coverage[i]);
            }
        }

        return assessed;
    }

    private static void Require(CategoryAssessment? assessment, CategoryCoverage coverage)
    {
        if (assessment?.CategoryId != coverage.CategoryId)
        {
            throw new InvalidOperationException($"The engine judged '{assessment?.CategoryId}' in the place of '{coverage.CategoryId}'; categories must come in the policy's order, each once.");
        }

        if (coverage.Level != CoverageLevel.None && assessment is { IsAssessed: false, Failure: null })
        {
            throw new InvalidOperationException($"The engine covers '{coverage.CategoryId}' and yet did not assess it: {assessment.Reason}");
        }
    }
}

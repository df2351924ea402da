namespace SafeVision.Assessments;

/// <summary>What an engine can judge of one category, fixed when the policy is compiled.</summary>
/// <param name="CategoryId">The category's id.</param>
/// <param name="Level">How much of it is covered.</param>
/// <param name="Covered">The phrases of the policy that are covered, each with what carries it.</param>
/// <param name="Uncovered">The phrases that nothing carries: an image that shows only these is not recognised.</param>
public sealed record CategoryCoverage(
    string CategoryId,
    CoverageLevel Level,
    IReadOnlyList<CoveredPhrase> Covered,
    IReadOnlyList<string> Uncovered)
{
    /// <summary>The coverage of a category that an engine knows nothing about.</summary>
    public static CategoryCoverage None(string categoryId, IEnumerable<string> phrases) =>
        new(categoryId, CoverageLevel.None, [], [.. phrases]);

    /// <summary>What two engines cover together: a phrase is uncovered only if it is for both.</summary>
    public CategoryCoverage Union(CategoryCoverage other)
    {
        string[] uncovered = [.. Uncovered.Intersect(other.Uncovered)];
        CoverageLevel level = (Level, other.Level) switch
        {
            (CoverageLevel.None, CoverageLevel.None) => CoverageLevel.None,
            _ when uncovered.Length == 0 || Level == CoverageLevel.Full || other.Level == CoverageLevel.Full => CoverageLevel.Full,
            _ => CoverageLevel.Partial,
        };
        return new CategoryCoverage(CategoryId, level, [.. Covered, .. other.Covered], level == CoverageLevel.Full ? [] : uncovered);
    }
}

namespace SafeVision.Assessments;

/// <summary>
/// What an engine says about one category of one frame. It is evidence, not a verdict: thresholds are the policy's.
/// </summary>
public sealed record CategoryAssessment
{
    private CategoryAssessment(string categoryId) => CategoryId = categoryId;

    /// <summary>The category's id.</summary>
    public string CategoryId { get; }

    /// <summary>False when the engine could not judge the category; <see cref="Reason"/> says why.</summary>
    public bool IsAssessed { get; private init; }

    /// <summary>How likely the category applies, 0 to 1; NaN when not assessed.</summary>
    public double Score { get; private init; } = double.NaN;

    /// <summary>How much of the category the score speaks for.</summary>
    public CoverageLevel Coverage { get; private init; }

    /// <summary>One sentence: what was seen and which phrase of the policy covers it, or why nothing was assessed.</summary>
    public string Reason { get; private init; } = "";

    /// <summary>What the score rests on.</summary>
    public Evidence Evidence { get; private init; } = Evidence.None;

    /// <summary>An assessment with a score.</summary>
    /// <param name="categoryId">The category's id.</param>
    /// <param name="score">0 to 1. Anything else, NaN included, makes the category not assessed: a broken number is no evidence of safety.</param>
    /// <param name="coverage">How much of the category the score speaks for; <see cref="CoverageLevel.None"/> makes it not assessed.</param>
    /// <param name="reason">One sentence.</param>
    /// <param name="evidence">What the score rests on.</param>
    public static CategoryAssessment Assessed(string categoryId, double score, CoverageLevel coverage, string reason, Evidence evidence) =>
        score is >= 0 and <= 1 && coverage != CoverageLevel.None
            ? new(categoryId) { IsAssessed = true, Score = score, Coverage = coverage, Reason = reason, Evidence = evidence }
            : NotAssessed(categoryId, coverage == CoverageLevel.None
                ? "No engine covers this category."
                : $"The engine gave {score} for a score, which is not between 0 and 1.");

    /// <summary>The same assessment, speaking for another part of its category.</summary>
    internal CategoryAssessment With(CoverageLevel coverage) =>
        new(CategoryId) { IsAssessed = IsAssessed, Score = Score, Coverage = coverage, Reason = Reason, Evidence = Evidence };

    /// <summary>An assessment that says: nobody judged this.</summary>
    public static CategoryAssessment NotAssessed(string categoryId, string why) => new(categoryId) { Reason = why };
}

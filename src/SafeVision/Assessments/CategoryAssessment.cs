namespace SafeVision.Assessments;

/// <summary>What an engine says about one category of one frame. It is evidence, not a verdict: thresholds are the policy's.</summary>
public sealed record CategoryAssessment
{
    private CategoryAssessment(string categoryId) => CategoryId = categoryId;

    /// <summary>The category's id.</summary>
    public string CategoryId { get; }

    /// <summary>False when the engine could not judge the category; <see cref="Reason"/> says why.</summary>
    public bool IsAssessed => Score is not null;

    /// <summary>How likely the category applies, 0 to 1; null when not assessed.</summary>
    public double? Score { get; private init; }

    /// <summary>How much of the category the score speaks for.</summary>
    public CoverageLevel Coverage { get; private init; }

    /// <summary>One sentence: what was seen and which phrase of the policy covers it, or why nothing was assessed.</summary>
    public string Reason { get; private init; } = "";

    /// <summary>What the score rests on.</summary>
    public Evidence Evidence { get; private init; } = Evidence.None;

    /// <summary>Why an engine that covers the category failed on this frame; null when none did. The policy's <c>onFailure</c> then
    /// applies beside what another engine may have said.</summary>
    public string? Failure { get; private init; }

    /// <summary>An assessment with a score.</summary>
    /// <param name="categoryId">The category's id.</param>
    /// <param name="score">0 to 1.</param>
    /// <param name="coverage">How much of the category the score speaks for; <see cref="CoverageLevel.None"/> makes it not assessed.</param>
    /// <param name="reason">One sentence.</param>
    /// <param name="evidence">What the score rests on.</param>
    /// <exception cref="ArgumentOutOfRangeException">The score is NaN, infinite, or not from 0 to 1: an engine that
    /// computed it failed, and a failure is never "not assessed".</exception>
    public static CategoryAssessment Assessed(string categoryId, double score, CoverageLevel coverage, string reason, Evidence evidence) =>
        score is not (>= 0 and <= 1) ? throw new ArgumentOutOfRangeException(nameof(score), score, $"The engine's score for '{categoryId}' must be a number from 0 to 1.")
        : coverage == CoverageLevel.None ? NotAssessed(categoryId, "No engine covers this category.")
        : new(categoryId) { Score = score, Coverage = coverage, Reason = reason, Evidence = evidence };

    /// <summary>An assessment that says: nobody judged this.</summary>
    public static CategoryAssessment NotAssessed(string categoryId, string why) => new(categoryId) { Reason = why };

    /// <summary>An assessment that says: the engine that covers this failed.</summary>
    /// <param name="categoryId">The category's id.</param>
    /// <param name="why">What failed and how, for a person.</param>
    public static CategoryAssessment Failed(string categoryId, string why) => new(categoryId) { Reason = why, Failure = why };

    /// <summary>The same assessment, speaking for another part of its category, and with what failed beside it.</summary>
    internal CategoryAssessment With(CoverageLevel coverage, string? failure) =>
        coverage == Coverage && failure == Failure ? this : this with { Coverage = coverage, Failure = failure };
}

/// <summary>What an engine says about one frame: one assessment for each category, in the policy's order.</summary>
public sealed record FrameAssessment(IReadOnlyList<CategoryAssessment> Categories)
{
    /// <summary>The tokens that a language model read and wrote for it; null where there was none.</summary>
    public TokenUsage? Usage { get; init; }
}

/// <summary>How many tokens a language model read and wrote for a result.</summary>
/// <param name="Prompt">Tokens of all prompts, those of images included.</param>
/// <param name="Reused">Of these, how many were computed before: for another policy, another image or another question.</param>
/// <param name="Written">Tokens of the answers.</param>
public sealed record TokenUsage(int Prompt, int Reused, int Written)
{
    /// <summary>The share of the prompts' tokens that needed no computing, 0 to 1; 0 where there was no prompt.</summary>
    [JsonIgnore]
    public double HitRate => Prompt == 0 ? 0 : (double)Reused / Prompt;

    /// <summary>Both together; null is nothing.</summary>
    public static TokenUsage? Sum(TokenUsage? left, TokenUsage? right) => left is null || right is null
        ? left ?? right
        : new TokenUsage(left.Prompt + right.Prompt, left.Reused + right.Reused, left.Written + right.Written);
}

/// <summary>A model that took part in a decision.</summary>
/// <param name="Engine">The kind of engine that ran it.</param>
/// <param name="Model">The model's id.</param>
/// <param name="Sha256">The hash of the model's file.</param>
/// <param name="Provider">The execution provider it ran on.</param>
/// <param name="Fallback">Why it did not run on the provider that was asked for first; null when it did.</param>
public sealed record ModelProvenance(string Engine, string Model, string Sha256, string Provider, string? Fallback);

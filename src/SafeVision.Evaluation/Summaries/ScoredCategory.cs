namespace SafeVision.Evaluation.Summaries;

/// <summary>Truth and answer for one category, sample by sample.</summary>
/// <param name="Id">The category's id.</param>
/// <param name="Applies">Whether it is true of the sample.</param>
/// <param name="Scores">The guardrail's score, 0 to 1; NaN where the category was not assessed.</param>
/// <param name="Flagged">Whether the guardrail found it unsafe.</param>
public sealed record ScoredCategory(string Id, IReadOnlyList<bool> Applies, IReadOnlyList<double> Scores, IReadOnlyList<bool> Flagged);

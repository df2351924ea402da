namespace SafeVision.Evaluation.Adherence;

/// <summary>One picture under a policy and under the changed one.</summary>
/// <param name="Kind">How the policy was changed.</param>
/// <param name="Sample">The sample's id.</param>
/// <param name="Category">The category whose verdict is compared, by its id before the change.</param>
/// <param name="Edit">The change in words.</param>
/// <param name="Before">The verdict before; null where the category was not there.</param>
/// <param name="After">The verdict after.</param>
/// <param name="ScoreBefore">The score before; NaN where there was none.</param>
/// <param name="ScoreAfter">The score after; NaN where it was not assessed.</param>
/// <param name="Followed">Whether the verdict did what the change asks for. What was not assessed never did.</param>
public sealed record AdherenceCase(
    AdherenceKind Kind, string Sample, string Category, string Edit, Verdict? Before, Verdict? After, double ScoreBefore, double ScoreAfter, bool Followed);

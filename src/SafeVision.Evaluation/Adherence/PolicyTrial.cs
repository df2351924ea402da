using SafeVision.Evaluation.Datasets;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Adherence;

/// <summary>A change of a policy and the pictures to try it on.</summary>
/// <param name="Kind">How the policy is changed.</param>
/// <param name="Edit">The change in words.</param>
/// <param name="Before">The policy before.</param>
/// <param name="After">The policy after.</param>
/// <param name="Categories">The categories to compare, by their ids before and after.</param>
/// <param name="Samples">The pictures.</param>
internal sealed record PolicyTrial(
    AdherenceKind Kind, string Edit, SafetyPolicy Before, SafetyPolicy After, IReadOnlyList<(string Before, string After)> Categories, IReadOnlyList<EvaluationSample> Samples);

using System.Text.Json.Serialization;

namespace SafeVision;

/// <summary>The answer about one image: what should happen, why, and what the answer rests on. Immutable.</summary>
public sealed record GuardrailResult
{
    /// <summary>What should happen to the image: the strictest of the findings, or the policy's <c>onFailure</c>.</summary>
    public required Decision Decision { get; init; }

    /// <summary>
    /// One readable paragraph. It may repeat words of the policy; encode it before it goes into a page.
    /// </summary>
    public required string Explanation { get; init; }

    /// <summary>One finding for each category of the policy, in the policy's order; empty when the image could not be judged.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>Set when the image could not be judged; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GuardrailFailure? Failure { get; init; }

    /// <summary>What is needed to audit the decision and to repeat it.</summary>
    public required Provenance Provenance { get; init; }

    /// <summary>The finding that weighs most: the strictest decision, then the highest score; null when there is none.</summary>
    [JsonIgnore]
    public Finding? Primary => Findings
        .OrderBy(finding => finding.Decision)
        .ThenByDescending(finding => finding.Score ?? -1)
        .FirstOrDefault();
}

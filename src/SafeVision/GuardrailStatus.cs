using SafeVision.Assessments;
using SafeVision.Policies;

namespace SafeVision;

/// <summary>The policy in force and how well the guardrail can serve it.</summary>
public sealed record GuardrailStatus
{
    /// <summary>The policy in force.</summary>
    public required SafetyPolicy Policy { get; init; }

    /// <summary>Whether models are loaded and the policy is compiled. False before the first image or warm-up.</summary>
    public bool IsReady { get; init; }

    /// <summary>What of each category can be judged, in the policy's order; empty until ready.</summary>
    public IReadOnlyList<CategoryCoverage> Coverage { get; init; } = [];

    /// <summary>The models that judge, and the providers they run on; empty until ready.</summary>
    public IReadOnlyList<ModelProvenance> Models { get; init; } = [];

    /// <summary>What a language model is asked under this policy, with a mark where the picture stands; empty until ready, and
    /// without such a model. It holds the policy's text, so encode it before it goes into a page.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];

    /// <summary>Why the last change of the policy file was not taken over; null when it was, or there was none.</summary>
    public string? PolicyUpdateError { get; init; }
}

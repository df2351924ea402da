using SafeVision.Assessments;
using SafeVision.Policies;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>A policy of which the model can express nothing: no question, and every category not assessed.</summary>
internal sealed class NothingAsked(SafetyPolicy policy) : CompiledProtocol
{
    public override IReadOnlyList<CategoryCoverage> Coverage { get; } = [.. policy.Categories.Select(PromptCoverage.None)];

    public override IReadOnlyList<GuardPrompt> Prompts => [];

    public override ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new GuardAnswer { Categories = new CategoryAnswer?[policy.Categories.Count] });
}

using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests.Explanations;

/// <summary>Scores how red an image is: a guardrail whose answers can be computed by hand.</summary>
internal sealed class RednessGuardrail : IImageGuardrail
{
    public GuardrailStatus Status => throw new NotSupportedException();

    public static Finding Finding(double score) => new()
    {
        Category = "red",
        Score = score,
        Verdict = Verdict.Unsafe,
        Threshold = 0.01,
        Decision = Decision.Review,
        Coverage = CoverageLevel.Full,
        Reason = "Red.",
        Evidence = Evidence.None,
    };

    public Task<GuardrailResult> CheckAsync(ImageSource image, AssessOptions options, CancellationToken cancellationToken)
    {
        byte[] pixels = image.Pixels!.Memory.ToArray();
        double red = pixels.Where((_, i) => i % 3 == 0).Average(value => value / 255.0);
        return Task.FromResult(new GuardrailResult { Decision = Decision.Review, Explanation = "", Findings = [Finding(red)], Provenance = Results.NoProvenance });
    }

    public Task<GuardrailStatus> WarmUpAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task UpdatePolicyAsync(SafetyPolicy policy, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

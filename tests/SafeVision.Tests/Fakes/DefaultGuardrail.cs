using SafeVision.Policies;

namespace SafeVision.Tests.Fakes;

/// <summary>One guardrail on the default models for all tests of a class; each test brings its policy.</summary>
public sealed class DefaultGuardrail : IAsyncDisposable
{
    private readonly IImageGuardrail _guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(SafetyPolicy.Starter).UseDefaultModels());

    public async Task<GuardrailResult> CheckAsync(SafetyPolicy policy, ImageSource image)
    {
        if (_guardrail.Status.Policy != policy)
        {
            await _guardrail.UpdatePolicyAsync(policy);
        }

        return await _guardrail.CheckAsync(image);
    }

    /// <summary>A policy of one category.</summary>
    public static SafetyPolicy Forbidding(params string[] phrases) => SafetyPolicy.Define("test", "1")
        .Category("forbidden", category => category.Includes(phrases).ReviewAt(0.3).BlockAt(0.6))
        .Build();

    public ValueTask DisposeAsync() => _guardrail.DisposeAsync();
}

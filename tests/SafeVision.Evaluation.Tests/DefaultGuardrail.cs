using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests;

/// <summary>One guardrail over the default models for all tests that only ask it.</summary>
public sealed class DefaultGuardrail : IAsyncDisposable
{
    /// <summary>A policy with a built-in category and one in words.</summary>
    public static SafetyPolicy Policy { get; } = SafetyPolicy.Define("pets", "1")
        .Category("cats", category => category.Includes("cats").ReviewAt(0.3).BlockAt(0.6))
        .Category(HarmCategory.Sexual)
        .Build();

    public IImageGuardrail Guardrail { get; } = ImageGuardrail.Create(builder => builder.UsePolicy(Policy).UseDefaultModels());

    public ValueTask DisposeAsync() => Guardrail.DisposeAsync();
}

using SafeVision.Policies;

namespace SafeVision.Extensions.AI.Tests;

/// <summary>One guardrail of the default models for all tests: the policy forbids cats, whom nobody trained a model for.</summary>
public sealed class CatsGuardrail : IAsyncDisposable
{
    public IImageGuardrail Guardrail { get; } = ImageGuardrail.Create(builder => builder
        .UsePolicy(SafetyPolicy.FromFile(Repository.PathOf("samples/policies/no-cats.yaml")))
        .UseDefaultModels()
        .WithTimeout(TimeSpan.FromMinutes(2)));

    public ValueTask DisposeAsync() => Guardrail.DisposeAsync();
}

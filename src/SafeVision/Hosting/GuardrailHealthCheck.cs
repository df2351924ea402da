using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace SafeVision.Hosting;

/// <summary>Healthy when the guardrail serves what was asked for; degraded when it serves less.</summary>
internal sealed class GuardrailHealthCheck(IImageGuardrail guardrail) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        GuardrailStatus status;
        try
        {
            await guardrail.WarmUpAsync(cancellationToken).ConfigureAwait(false);
            status = guardrail.Status;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy(PublicMessage.Of(exception.Message), exception);
        }

        var data = new Dictionary<string, object>
        {
            ["policy"] = $"{status.Policy.Name} {status.Policy.Version}",
            ["policyHash"] = status.Policy.ContentHash,
            ["notAssessed"] = string.Join(", ", status.Coverage.Where(coverage => coverage.Level == CoverageLevel.None).Select(coverage => coverage.CategoryId)),
        };
        string[] problems =
        [
            .. status.PolicyUpdateError is { } error ? [$"the changed policy was refused: {error}"] : Array.Empty<string>(),
            .. status.Models.Where(model => model.Fallback is not null).Select(model => $"{model.Model} runs on {model.Provider}: {model.Fallback}"),
        ];
        return problems.Length == 0
            ? HealthCheckResult.Healthy("The policy is in force on the providers asked for.", data)
            : HealthCheckResult.Degraded(string.Join("; ", problems), data: data);
    }
}

/// <summary>Makes a guardrail ready when the host starts, so that what is broken stops the start.</summary>
internal sealed class WarmUpService(IServiceProvider services, string name) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        services.GetRequiredKeyedService<IImageGuardrail>(name).WarmUpAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

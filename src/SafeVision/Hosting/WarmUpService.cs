using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace SafeVision.Hosting;

/// <summary>Makes a guardrail ready when the host starts, so that what is broken stops the start.</summary>
internal sealed class WarmUpService(IServiceProvider services, string name) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        services.GetRequiredKeyedService<IImageGuardrail>(name).WarmUpAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

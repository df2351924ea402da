using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace SafeVision;

/// <summary>Adds guardrails to a service collection.</summary>
public static class SafeVisionServiceCollectionExtensions
{
    /// <summary>Adds the guardrail of the host, to be injected as <see cref="IImageGuardrail"/>.</summary>
    /// <inheritdoc cref="AddSafeVision(IServiceCollection, string, Action{ImageGuardrailBuilder})" path="/remarks|/param|/returns"/>
    public static IServiceCollection AddSafeVision(this IServiceCollection services, Action<ImageGuardrailBuilder> configure)
    {
        AddSafeVision(services, "default", configure);
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<IImageGuardrail>("default"));
        return services;
    }

    /// <summary>Adds a guardrail by name, to be injected as <c>[FromKeyedServices(name)] IImageGuardrail</c>. Guardrails of one host share their models.</summary>
    /// <remarks>With a host, models are loaded and the policy is compiled when it starts, so that a broken policy file, a missing
    /// model or provider stops the start and not the first upload. A health check named <c>safevision:{name}</c> is registered:
    /// degraded when a model runs on a fallback provider or a changed policy file was refused. A service provider made by hand must
    /// be disposed with <c>await using</c>, since a guardrail waits for the images that it still judges.</remarks>
    /// <param name="services">The collection.</param>
    /// <param name="name">The guardrail's name, the key of the service and a tag of its telemetry.</param>
    /// <param name="configure">Composes the guardrail.</param>
    /// <returns>The collection.</returns>
    public static IServiceCollection AddSafeVision(this IServiceCollection services, string name, Action<ImageGuardrailBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(configure);
        if (services.Any(service => service.IsKeyedService && service.ServiceType == typeof(IImageGuardrail) && Equals(service.ServiceKey, name)))
        {
            throw new ArgumentException($"A guardrail named '{name}' was already added.", nameof(name));
        }

        services.TryAddSingleton(provider => new SessionCache(provider.GetService<ILogger<SessionCache>>()));
        services.AddKeyedSingleton(name, (provider, _) =>
        {
            var builder = new ImageGuardrailBuilder()
                .Named(name)
                .UseLoggerFactory(provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance)
                .UseTimeProvider(provider.GetService<TimeProvider>() ?? TimeProvider.System)
                .ShareSessions(provider.GetRequiredService<SessionCache>());
            configure(builder);
            return builder.Build();
        });
        services.AddSingleton<IHostedService>(provider => new WarmUpService(provider, name));
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            $"safevision:{name}", provider => new GuardrailHealthCheck(provider.GetRequiredKeyedService<IImageGuardrail>(name)), null, ["safevision"]));
        return services;
    }
}

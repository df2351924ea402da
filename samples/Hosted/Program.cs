using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SafeVision;

// A generic host that judges every file named on the command line, with the policy file beside the program.
// Edit policy.yaml while it runs: the change takes effect within a second, and a broken edit keeps the old policy.
HostApplicationBuilder host = Host.CreateApplicationBuilder();
host.Services.AddSafeVision(guardrail => guardrail
    .UsePolicyFile(Path.Combine(AppContext.BaseDirectory, "policy.yaml"))
    .UseDefaultModels()
    .PreferExecutionProviders(ExecutionProvider.Cuda, ExecutionProvider.DirectML, ExecutionProvider.Cpu));
host.Services.AddHostedService(services => new Inspector(services.GetRequiredService<IImageGuardrail>(), services.GetRequiredService<IHostApplicationLifetime>(), args));
await host.Build().RunAsync();

internal sealed class Inspector(IImageGuardrail guardrail, IHostApplicationLifetime lifetime, string[] paths) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (string path in paths)
        {
            GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromFile(path), stoppingToken);
            Console.WriteLine($"{path}: {result.Explanation}");
        }

        lifetime.StopApplication();
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SafeVision;
using SafeVision.Policies;

// Judges the images named on the command line by two policies, and again whenever policy.yaml changes.
// A broken edit keeps the old policy and is logged. Ctrl+C ends it.
HostApplicationBuilder host = Host.CreateApplicationBuilder();
string policyFile = Path.Combine(AppContext.BaseDirectory, "policy.yaml");
host.Services.AddSafeVision("uploads", guardrail => guardrail
    .UsePolicyFile(policyFile)
    .UseDefaultModels()
    .PreferExecutionProviders(ExecutionProvider.Cuda, ExecutionProvider.DirectML, ExecutionProvider.Cpu));
host.Services.AddSafeVision("avatars", guardrail => guardrail
    .UsePolicy(SafetyPolicy.Define("avatars", "1").Category(HarmCategory.Sexual).WhenNotAssessed(Decision.Block).Build())
    .UseDefaultModels());
host.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<Inspector>(services, [args]));
Console.WriteLine($"Edit {policyFile} while this runs.");
await host.Build().RunAsync();

internal sealed class Inspector(
    [FromKeyedServices("uploads")] IImageGuardrail uploads,
    [FromKeyedServices("avatars")] IImageGuardrail avatars,
    string[] paths) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (SafetyPolicy? judgedBy = null; ; await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken))
        {
            SafetyPolicy policy = uploads.Status.Policy;
            foreach (string path in policy == judgedBy ? [] : paths)
            {
                GuardrailResult upload = await uploads.CheckAsync(ImageSource.FromFile(path), stoppingToken);
                GuardrailResult avatar = await avatars.CheckAsync(ImageSource.FromFile(path), stoppingToken);
                Console.WriteLine($"{path}: as an upload {upload.Decision}, as an avatar {avatar.Decision}. {upload.Explanation}");
            }

            judgedBy = policy;
        }
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using SafeVision.Assessments;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests;

/// <summary><c>AddSafeVision</c> in a generic host.</summary>
public sealed class HostingTests
{
    private static SafetyPolicy Policy(string name) => SafetyPolicy.Define(name, "1").Category("alpha", category => category.Includes("alpha things")).Build();

    [Fact]
    public async Task What_is_composed_wrongly_stops_the_start_and_says_what()
    {
        (Action<ImageGuardrailBuilder> Configure, string Says)[] cases =
        [
            (builder => builder.UseEngine(_ => ScriptedEngine.Scoring(_ => 0)), "UsePolicy"),
            (builder => builder.UsePolicy(Policy("p")), "UseDefaultModels"),
            (builder => Sound(builder).WithTimeout(TimeSpan.Zero), "time-out"),
            (builder => Sound(builder).WithTimeout(TimeSpan.FromDays(2)), "time-out"),
            (builder => Sound(builder).WithMaxConcurrency(0), "At least one image"),
            (builder => Sound(builder).WithMaxWaiting(-1), "waiting"),
            (builder => Sound(builder).WithMaxDecodedBytes(0), "decoded bytes"),
            (builder => Sound(builder).ConfigureExecution(options => options.Threads = 0), "Threads"),
            (builder => Sound(builder).ConfigureExecution(options => options.SelfCheckTolerance = double.NaN), "SelfCheckTolerance"),
            (builder => Sound(builder).PreferExecutionProviders(), "ExecutionProvider.Cpu"),
            (builder => Sound(builder).UsePolicyFile("no-such-policy.yaml"), "no-such-policy.yaml"),
            (builder => Sound(builder).UseClassifier("no-such-model"), "no-such-model"),
        ];
        foreach ((Action<ImageGuardrailBuilder> configure, string says) in cases)
        {
            using IHost host = Host(services => services.AddSafeVision(configure));
            Exception? thrown = await Record.ExceptionAsync(() => host.StartAsync());
            Assert.NotNull(thrown);
            Assert.Contains(says, thrown.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Several_guardrails_live_side_by_side_under_their_names()
    {
        using IHost host = Host(services => services
            .AddSafeVision(builder => Sound(builder, "first"))
            .AddSafeVision("strict", builder => Sound(builder, "second")));
        await host.StartAsync();

        Assert.Equal("first", (await host.Services.GetRequiredService<IImageGuardrail>().CheckAsync(Pictures.Gray())).Provenance.Policy);
        Assert.Same(host.Services.GetRequiredService<IImageGuardrail>(), host.Services.GetRequiredKeyedService<IImageGuardrail>("default"));
        Assert.Equal("second", (await host.Services.GetRequiredKeyedService<IImageGuardrail>("strict").CheckAsync(Pictures.Gray())).Provenance.Policy);
        HealthReport report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(["safevision:default", "safevision:strict"], report.Entries.Keys.Order());
        Assert.Throws<ArgumentException>("name", () => new ServiceCollection()
            .AddSafeVision("twice", builder => Sound(builder)).AddSafeVision("twice", builder => Sound(builder)));
        await host.StopAsync();
    }

    [Fact]
    public async Task Starting_the_host_loads_the_models_and_stopping_it_unloads_them()
    {
        ScriptedEngine engine = ScriptedEngine.Scoring(_ => 0);
        using (IHost host = Host(services => services.AddSafeVision(builder => builder.UsePolicy(Policy("p")).UseEngine(_ => engine))))
        {
            await host.StartAsync();
            Assert.True(host.Services.GetRequiredService<IImageGuardrail>().Status.IsReady);
            Assert.Equal(1, engine.Compilations);
            await host.StopAsync();
        }

        Assert.True(engine.IsDisposed && engine.Compiled[0].IsDisposed);
    }

    [Fact]
    public async Task Guardrails_of_a_host_share_their_models_and_outlive_none()
    {
        using var model = new TinyModel();
        using IHost host = Host(services => services
            .AddSafeVision("a", builder => builder.UsePolicy(Engines.TinyClassifierTests.Weapons).UseClassifier(model.Folder))
            .AddSafeVision("b", builder => builder.UsePolicy(Engines.TinyClassifierTests.Weapons).UseClassifier(model.Folder)));
        await host.StartAsync();
        File.Delete(model.PathOf("model.onnx"));

        foreach (string name in new[] { "a", "b" })
        {
            Assert.Equal(Decision.Block, (await host.Services.GetRequiredKeyedService<IImageGuardrail>(name).CheckAsync(TinyModel.Picture(255, 0, 0))).Decision);
        }

        await host.StopAsync();
    }

    [Fact]
    public async Task Health_is_degraded_by_a_fallback_or_a_refused_policy_and_unhealthy_without_a_model()
    {
        Assert.Equal((HealthStatus.Healthy, true), await Health(builder => Sound(builder)));
        using var model = new TinyModel();
        Assert.Equal((HealthStatus.Degraded, true), await Health(
            builder => builder.UsePolicy(Engines.TinyClassifierTests.Weapons).UseClassifier(model.Folder).PreferExecutionProviders(ExecutionProvider.Cuda, ExecutionProvider.Cpu), "cuda"));
        Assert.Equal((HealthStatus.Unhealthy, true), await Health(
            builder => builder.UsePolicy(Policy("p")).UseEngine(_ => new ScriptedEngine((_, _, _) => default) { OnCompile = _ => throw new ModelLoadException("the model is gone") }), "the model is gone"));

        var engine = new ScriptedEngine((policy, frames, _) => ValueTask.FromResult<IReadOnlyList<FrameAssessment>>([.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))]))
        {
            OnCompile = policy => policy.Name == "bad" ? throw new ModelLoadException("cannot compile it") : Task.CompletedTask,
        };
        Assert.Equal((HealthStatus.Degraded, true), await Health(
            builder => builder.UsePolicy(Policy("p")).UseEngine(_ => engine), "cannot compile it",
            async guardrail => await Assert.ThrowsAsync<ModelLoadException>(() => guardrail.UpdatePolicyAsync(Policy("bad")))));
    }

    private static async Task<(HealthStatus, bool Says)> Health(Action<ImageGuardrailBuilder> configure, string says = "", Func<IImageGuardrail, Task>? before = null)
    {
        await using ServiceProvider services = new ServiceCollection().AddLogging().AddSafeVision(configure).BuildServiceProvider();
        await (before?.Invoke(services.GetRequiredService<IImageGuardrail>()) ?? Task.CompletedTask);
        HealthReportEntry entry = Assert.Single((await services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries).Value;
        Assert.Contains("safevision", entry.Tags);
        return (entry.Status, entry.Description!.Contains(says, StringComparison.Ordinal));
    }

    private static ImageGuardrailBuilder Sound(ImageGuardrailBuilder builder) => Sound(builder, "p");

    private static ImageGuardrailBuilder Sound(ImageGuardrailBuilder builder, string policy) =>
        builder.UsePolicy(Policy(policy)).UseEngine(_ => ScriptedEngine.Scoring(_ => 0));

    private static IHost Host(Action<IServiceCollection> configure)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        configure(builder.Services);
        return builder.Build();
    }
}

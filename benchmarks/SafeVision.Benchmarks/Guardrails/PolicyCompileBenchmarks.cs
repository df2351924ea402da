using BenchmarkDotNet.Attributes;
using SafeVision.Engines;
using SafeVision.Engines.ClosedSet;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Policies;

namespace SafeVision.Benchmarks.Guardrails;

/// <summary>What a change of the policy costs, with the models loaded: each phrase is read and becomes a set of labels.</summary>
[MemoryDiagnoser]
public class PolicyCompileBenchmarks
{
    private readonly string _yaml = SafetyPolicy.Starter.ToYaml();
    private readonly SafetyPolicy _small = SafetyPolicy.Define("cats", "1").Category("Cats", category => category.Includes("cats")).Build();
    private SessionCache? _sessions;
    private ClassifierEngine? _engine;

    [GlobalSetup]
    public async Task Setup()
    {
        _sessions = new SessionCache();
        var context = new EngineContext(_sessions, new ExecutionOptions());
        _engine = new ClassifierEngine([DefaultModels.Nsfw, DefaultModels.Objects], DefaultModels.Taxonomy, new ClassifierEngineOptions(), context, DefaultModels.Drawings);
        await Starter().ConfigureAwait(false);
    }

    /// <summary>A policy's text to the policy, with all its checks.</summary>
    [Benchmark]
    public SafetyPolicy Parse() => SafetyPolicy.Parse(_yaml);

    /// <summary>One category with one phrase.</summary>
    [Benchmark]
    public ValueTask<ICompiledPolicy> OnePhrase() => _engine!.CompileAsync(_small, CancellationToken.None);

    /// <summary>The starter policy.</summary>
    [Benchmark]
    public ValueTask<ICompiledPolicy> Starter() => _engine!.CompileAsync(SafetyPolicy.Starter, CancellationToken.None);

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await _engine!.DisposeAsync().ConfigureAwait(false);
        _sessions!.Dispose();
    }
}

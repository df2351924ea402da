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
    private readonly SafetyPolicy _fifty = Policy(1, 50);
    private readonly SafetyPolicy _tenThousand = Policy(100, 100);
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

    /// <summary>Fifty phrases.</summary>
    [Benchmark]
    public ValueTask<ICompiledPolicy> FiftyPhrases() => _engine!.CompileAsync(_fifty, CancellationToken.None);

    /// <summary>Ten thousand phrases in a hundred categories.</summary>
    [Benchmark]
    public ValueTask<ICompiledPolicy> TenThousandPhrases() => _engine!.CompileAsync(_tenThousand, CancellationToken.None);

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await _engine!.DisposeAsync().ConfigureAwait(false);
        _sessions!.Dispose();
    }

    private static SafetyPolicy Policy(int categories, int phrases)
    {
        string[] things = ["dogs", "wild animals", "people with knives", "zzyx", "wine and beer bottles", "cats except big cats", "burning buildings", "guns"];
        SafetyPolicyBuilder policy = SafetyPolicy.Define("many", "1");
        for (int i = 0; i < categories; i++)
        {
            int start = i;
            policy.Category($"cat{i}", category => category.Includes(Enumerable.Range(0, phrases).Select(j => $"{things[(start + j) % things.Length]} {start} {j}")));
        }

        return policy.Build();
    }
}

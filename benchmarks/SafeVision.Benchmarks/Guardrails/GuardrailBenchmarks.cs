using BenchmarkDotNet.Attributes;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Policies;

namespace SafeVision.Benchmarks.Guardrails;

/// <summary>The default guardrail with the starter policy, from a JPEG's bytes to the result.</summary>
[MemoryDiagnoser]
public class GuardrailBenchmarks
{
    private const int Many = 20;

    private IImageGuardrail? _guardrail;
    private ImageSource[]? _sources;

    [GlobalSetup]
    public async Task Setup()
    {
        _guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(SafetyPolicy.Starter).UseDefaultModels());
        await _guardrail.WarmUpAsync().ConfigureAwait(false);
        _sources = [.. PhotographSet.OneOfEachSize().Select(photograph => ImageSource.FromBytes(photograph.Bytes, photograph.Name))];
    }

    /// <summary>A photograph of a web page.</summary>
    [Benchmark]
    public Task<GuardrailResult> Single() => _guardrail!.CheckAsync(_sources![0]);

    /// <summary>A photograph of a 12-megapixel phone.</summary>
    [Benchmark]
    public Task<GuardrailResult> SingleLarge() => _guardrail!.CheckAsync(_sources![^1]);

    /// <summary>Photographs of all sizes as a stream; the time is that of one.</summary>
    [Benchmark(OperationsPerInvoke = Many)]
    public async Task<Decision> InAStream()
    {
        Decision strictest = Decision.Allow;
        IEnumerable<ImageSource> images = Enumerable.Range(0, Many).Select(i => _sources![i % _sources.Length]);
        await foreach (GuardrailResult result in _guardrail!.CheckManyAsync(images.ToAsyncEnumerable()).ConfigureAwait(false))
        {
            strictest = result.Decision > strictest ? result.Decision : strictest;
        }

        return strictest;
    }

    [GlobalCleanup]
    public async Task Cleanup() => await _guardrail!.DisposeAsync().ConfigureAwait(false);
}

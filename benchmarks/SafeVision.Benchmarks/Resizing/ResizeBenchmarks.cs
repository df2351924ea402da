using BenchmarkDotNet.Attributes;

namespace SafeVision.Benchmarks.Resizing;

/// <summary>Our resize and Skia's, case by case.</summary>
[MemoryDiagnoser]
public class ResizeBenchmarks
{
    private ResizeContest? _contest;

    public static IEnumerable<ResizeCase> Cases => ResizeCase.All;

    [ParamsSource(nameof(Cases))]
    public required ResizeCase Case { get; set; }

    [GlobalSetup]
    public void Setup() => _contest = new ResizeContest(Case);

    [Benchmark(Baseline = true)]
    public void Ours() => _contest!.Ours();

    [Benchmark]
    public bool SkiaMipmaps() => _contest!.SkiaMipmaps();

    [Benchmark]
    public bool SkiaCubic() => _contest!.SkiaCubic();

    [GlobalCleanup]
    public void Cleanup() => _contest!.Dispose();
}

using BenchmarkDotNet.Attributes;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Imaging;

namespace SafeVision.Benchmarks.Guardrails;

/// <summary>A JPEG's bytes to upright RGB pixels: whole, and at the scale that is enough for the default models.</summary>
[MemoryDiagnoser]
public class DecodeBenchmarks
{
    private readonly SkiaImageDecoder _decoder = new();
    private readonly ImageDecodeOptions _whole = new();
    private readonly ImageDecodeOptions _reduced = new() { TargetShortSide = 256 };

    public static IEnumerable<Photograph> Photographs => PhotographSet.OneOfEachSize();

    [ParamsSource(nameof(Photographs))]
    public required Photograph Photograph { get; set; }

    [Benchmark(Baseline = true)]
    public Task<int> Whole() => DecodeAsync(_whole);

    [Benchmark]
    public Task<int> Reduced() => DecodeAsync(_reduced);

    private async Task<int> DecodeAsync(ImageDecodeOptions options)
    {
        using DecodedImage image = await _decoder.DecodeAsync(ImageSource.FromBytes(Photograph.Bytes), options, CancellationToken.None).ConfigureAwait(false);
        return image.Frames[0].Width;
    }
}

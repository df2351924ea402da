using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

/// <summary>What the reference (transformers, peft, torch in Python) computed; see Fixtures/README.md.</summary>
internal sealed class Golden : IDisposable
{
    private readonly SafetensorsFile _file;

    public Golden(string name)
    {
        _file = SafetensorsFile.Open(PathOf($"{name}.safetensors"));
        Json = JsonDocument.Parse(File.ReadAllBytes(PathOf($"{name}.json"))).RootElement;
    }

    public JsonElement Json { get; }

    public IEnumerable<string> Names => _file.Tensors.Keys;

    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", name);

    public bool Has(string name) => _file.Tensors.ContainsKey(name);

    public Tensor Float(string name) => tensor(_file.Tensors[name].ToSingle(), Shape(name), dtype: ScalarType.Float32);

    public Tensor Double(string name) => tensor(_file.Tensors[name].ToDouble(), Shape(name), dtype: ScalarType.Float64);

    public Tensor Long(string name) => tensor(_file.Tensors[name].ToDouble().Select(value => (long)value).ToArray(), Shape(name), dtype: ScalarType.Int64);

    public void Dispose() => _file.Dispose();

    /// <summary>The largest difference is at most <paramref name="limit"/>.</summary>
    public static void Close(Tensor expected, Tensor actual, double limit, string what)
    {
        Assert.True(expected.shape.SequenceEqual(actual.shape), $"{what}: [{string.Join(", ", actual.shape)}] in place of [{string.Join(", ", expected.shape)}]");
        using Tensor gap = (expected.to(ScalarType.Float64) - actual.detach().to(ScalarType.Float64)).abs().max();
        Assert.True(gap.ToDouble() <= limit, $"{what}: differs by {gap.ToDouble():g3}, more than {limit:g3}");
    }

    public static void Close(double expected, double actual, double limit, string what) =>
        Assert.True(Math.Abs(expected - actual) <= limit, $"{what}: {actual} in place of {expected}");

    private long[] Shape(string name) => [.. _file.Tensors[name].Shape.Select(size => (long)size)];
}

using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;
using SafeVision.Inference;

namespace SafeVision.Conversion.Tests.Checkpoints;

/// <summary>Checkpoints of strangers, damaged: each is converted, or refused with the error that is promised, and then nothing is left.</summary>
public sealed class MutatedCheckpointsTests
{
    public static TheoryData<string> Checkpoints { get; } = new(
        from path in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Fixtures"), "config.json", SearchOption.AllDirectories)
        let folder = Path.GetDirectoryName(path)!
        where Directory.EnumerateFiles(folder, "*.safetensors").Any(file => !Path.GetFileName(file).StartsWith("golden", StringComparison.Ordinal))
        select Path.GetRelativePath(Path.Combine(AppContext.BaseDirectory, "Fixtures"), folder));

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public async Task A_damaged_checkpoint_is_converted_or_refused_and_then_nothing_is_left(string checkpoint)
    {
        using var mutated = new MutatedFolder(Directory.EnumerateFiles(Fixture.PathOf(checkpoint))
            .Where(path => !Path.GetFileName(path).Contains("golden", StringComparison.Ordinal) && Path.GetFileName(path) != "prompts.json"));
        string model = Path.Combine(mutated.Path, "..", "model");
        await mutated.EachAsync(FileMutation.Count(3), 2, ConvertAsync, exception => exception is CheckpointException or ModelLoadException);

        async Task ConvertAsync()
        {
            try
            {
                await Task.Run(() => ModelConverter.ConvertAsync(new ConversionOptions { Source = mutated.Path, Destination = model, Precision = "float32" }));
            }
            catch
            {
                Assert.False(Directory.Exists(model));
                throw;
            }
        }
    }

    [Theory]
    [InlineData("all")]
    [InlineData("pattern")]
    [InlineData("rslora")]
    public async Task A_damaged_adapter_is_merged_into_finite_weights_or_refused(string adapter)
    {
        using var mutated = new MutatedFolder(Directory.EnumerateFiles(Fixture.PathOf($"lora/adapter-{adapter}")));
        await mutated.EachAsync(FileMutation.Count(60), 6, () => Task.Run(() =>
        {
            using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Fixture.PathOf("lora/base"));
            using LoraAdapter lora = LoraAdapter.Open(mutated.Path);
            lora.MergeInto(checkpoint);
            Assert.All(lora.Merged, name => Assert.All(checkpoint.Tensors[name].ToSingle(), weight => Assert.True(float.IsFinite(weight), name)));
        }), exception => exception is CheckpointException);
    }
}

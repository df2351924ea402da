using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests;

/// <summary>The object classifier, made to compute in 8-bit integers with five photographs.</summary>
public sealed class IntegerObjects : IAsyncLifetime
{
    private static readonly string[] s_photos = ["astronaut.png", "chelsea.png", "china.jpg", "coffee.png", "flower.jpg"];

    private readonly TemporaryFolder _folder = new();

    public string Folder => _folder.PathOf("made");

    public ConversionResult Result { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        string photos = Directory.CreateDirectory(_folder.PathOf("photos")).FullName;
        foreach (string photo in s_photos)
        {
            File.Copy(Fixture.PathOf($"photos/{photo}"), Path.Combine(photos, photo));
        }

        Result = await ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.Model("float32/efficientnet-lite0"), Destination = Folder, Calibration = photos });
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>A classifier that was converted before, made to compute in 8-bit integers.</summary>
public sealed class IntegerConversionTests(IntegerObjects integers) : IClassFixture<IntegerObjects>
{
    [Fact]
    public async Task It_is_smaller_says_what_it_lost_and_passes_its_own_self_test()
    {
        ModelPackage package = ModelPackage.Open(integers.Folder);
        ModelManifest before = ModelManifest.Read(ModelFolder.OnDisk(Fixture.Model("float32/efficientnet-lite0")));
        Assert.Equal(integers.Result.Manifest.Sha256, package.Manifest.Sha256);
        Assert.InRange(package.Manifest.Bytes, 1, 0.7 * before.Bytes);
        Assert.Equal(before.Labels, package.Manifest.Labels);
        Assert.Equal(5, package.Manifest.Converted!.PrecisionLoss!.Positions);
        Assert.Equal(before.Sha256, package.Manifest.Converted.Options["madeOf"]);
        Assert.InRange(package.Manifest.Converted.PrecisionLoss.MeanLogitDifference, 0.001, 0.2); // integers, and still the same network
        Assert.True((await ModelSelfTest.RunAsync(package, new ExecutionOptions(), TestContext.Current.CancellationToken)).IsSound);
    }

    [Fact]
    public void What_leaves_the_features_is_what_the_last_layer_reads_so_that_activation_maps_are_exact()
    {
        using var model = new ModelRunner(integers.Folder);
        string photo = Fixture.PathOf("photos/chelsea.png");
        float[] logits = model.Run(photo, "logits"), features = model.Run(photo, "features"), weights = model.Run(photo, "headWeights");
        int channels = weights.Length / logits.Length, cells = features.Length / channels;
        float[] pooled = [.. Enumerable.Range(0, channels).Select(channel => features.AsSpan(channel * cells, cells).ToArray().Average())];
        double[] rest = [.. logits.Select((logit, label) => logit - pooled.Select((value, channel) => (double)value * weights[(label * channels) + channel]).Sum())];

        // What is left is the bias, the same for another image.
        string other = Fixture.PathOf("photos/china.jpg");
        float[] otherLogits = model.Run(other, "logits"), otherFeatures = model.Run(other, "features");
        float[] otherPooled = [.. Enumerable.Range(0, channels).Select(channel => otherFeatures.AsSpan(channel * cells, cells).ToArray().Average())];
        Assert.All(Enumerable.Range(0, logits.Length), label => Assert.Equal(
            rest[label], otherLogits[label] - otherPooled.Select((value, channel) => (double)value * weights[(label * channels) + channel]).Sum(), 1e-3));
    }

    [Fact]
    public async Task A_folder_without_images_is_an_error_that_names_it()
    {
        using var folder = new TemporaryFolder();
        CheckpointException error = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.Model("float32/efficientnet-lite0"), Destination = folder.PathOf("made"), Calibration = folder.Root },
            cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains(folder.Root, error.Message);
        Assert.Contains("no images", error.Message);
        Assert.False(Directory.Exists(folder.PathOf("made")));
    }
}

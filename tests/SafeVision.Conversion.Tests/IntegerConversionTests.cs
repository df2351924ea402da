using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests;

/// <summary>A classifier that was converted before, made to compute in 8-bit integers.</summary>
public sealed class IntegerConversionTests : IDisposable
{
    private static readonly string[] s_photos = ["astronaut.png", "chelsea.png", "china.jpg", "coffee.png", "flower.jpg"];

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Fact]
    public async Task It_is_smaller_says_what_it_lost_and_passes_its_own_self_test()
    {
        string source = Fixture.Model("efficientnet-lite0"), made = Path.Combine(_folder, "made");
        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = source, Destination = made, Calibration = Photos() }, cancellationToken: TestContext.Current.CancellationToken);

        ModelPackage package = ModelPackage.Open(made);
        ModelManifest before = ModelManifest.Read(ModelFolder.OnDisk(source));
        Assert.Equal(result.Manifest.Sha256, package.Manifest.Sha256);
        Assert.InRange(package.Manifest.Bytes, 1, 0.7 * before.Bytes);
        Assert.Equal(before.Labels, package.Manifest.Labels);
        Assert.Equal(s_photos.Length, package.Manifest.Converted!.PrecisionLoss!.Positions);
        Assert.Equal(before.Sha256, package.Manifest.Converted.Options["madeOf"]);
        Assert.InRange(package.Manifest.Converted.PrecisionLoss.MeanLogitDifference, 0.001, 0.4); // integers, and still the same network
        Assert.True((await ModelSelfTest.RunAsync(package, new ExecutionOptions(), TestContext.Current.CancellationToken)).IsSound);
    }

    [Fact]
    public async Task What_leaves_the_features_is_what_the_last_layer_reads_so_that_activation_maps_are_exact()
    {
        string made = Path.Combine(_folder, "made");
        await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.Model("efficientnet-lite0"), Destination = made, Calibration = Photos() }, cancellationToken: TestContext.Current.CancellationToken);
        using var model = new ModelRunner(made);
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
        CheckpointException error = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.Model("efficientnet-lite0"), Destination = Path.Combine(_folder, "made"), Calibration = _folder },
            cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains(_folder, error.Message);
        Assert.Contains("no images", error.Message);
        Assert.False(Directory.Exists(Path.Combine(_folder, "made")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Photos()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "photos")).FullName;
        foreach (string photo in s_photos)
        {
            File.Copy(Fixture.PathOf($"photos/{photo}"), Path.Combine(folder, photo));
        }

        return folder;
    }
}

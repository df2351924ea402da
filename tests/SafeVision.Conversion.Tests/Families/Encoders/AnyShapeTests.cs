using SafeVision.Models;

namespace SafeVision.Conversion.Tests.Families.Encoders;

/// <summary>Encoders of shapes that no fixture has, in which the graph must agree with the reference computation.</summary>
public sealed class AnyShapeTests
{
    [Theory]
    [InlineData("vit-classifier")]
    [InlineData("siglip-classifier")]
    [InlineData("convnext-classifier")]
    [InlineData("clip")]
    [InlineData("siglip")]
    public async Task A_graph_of_any_shape_is_what_the_plain_computation_says(string family)
    {
        // Always the same shapes: of some, a head's result is so small by chance that its last digits are most of it.
        for (int seed = 0; seed < 8; seed++)
        {
            using var folder = new TemporaryFolder();
            RandomEncoder.Create(family, seed).Write(folder.PathOf("source"));
            ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("model") }, null, TestContext.Current.CancellationToken);
            Assert.Equal(family, result.Family);
            Assert.InRange(result.LargestDifference!.Value, 0, 2e-5);
            Assert.Equal("whole", result.Manifest.Converted!.Options["verified"]);
            Assert.Equal(result.Manifest.Sha256, ModelManifest.Read(ModelFolder.OnDisk(folder.PathOf("model"))).Sha256);
        }
    }

    [Fact]
    public async Task A_head_whose_result_is_small_by_chance_is_no_defect()
    {
        using var folder = new TemporaryFolder();
        RandomEncoder.Create("siglip-classifier", 212320).Write(folder.PathOf("source"));
        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("model"), Precision = "int4" }, null, TestContext.Current.CancellationToken);
        Assert.InRange(result.LargestDifference!.Value, 0, 0.35); // half of what is let pass
    }

    [Theory]
    [InlineData("vit-classifier", "int8")]
    [InlineData("siglip-classifier", "int4")]
    [InlineData("convnext-classifier", "float16")]
    [InlineData("clip", "int4")]
    [InlineData("siglip", "int8")]
    public async Task So_it_is_in_other_precisions(string family, string precision)
    {
        for (int seed = 100; seed < 104; seed++)
        {
            using var folder = new TemporaryFolder();
            RandomEncoder.Create(family, seed).Write(folder.PathOf("source"));
            ConversionResult result = await ModelConverter.ConvertAsync(
                new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("model"), Precision = precision }, null, TestContext.Current.CancellationToken);
            Assert.NotEmpty(result.Manifest.Goldens);
        }
    }
}

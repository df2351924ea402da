namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

public sealed class Qwen2VLTests
{
    private const string Checkpoint = "qwen2vl-tiny";

    [Fact]
    public async Task A_converted_checkpoint_sees_and_says_what_the_reference_does()
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.PathOf($"vlm/{Checkpoint}"), Destination = folder.PathOf("model") });
        Assert.Equal("qwen2-vl", result.Family);
        Assert.InRange(result.LargestDifference, double.Epsilon, 1e-4);
        using var model = new ConvertedModel(folder.PathOf("model"));
        var conversation = new GoldenConversation(model, Checkpoint);
        foreach (string name in new[] { "multi", "batch", "text" })
        {
            conversation.Check(name, conversation.Has($"{name}.pixel_values") ? Features(model, conversation[$"{name}.pixel_values"], conversation[$"{name}.image_grid_thw"]) : []);
        }
    }

    /// <summary>One picture after the other, as the graph takes them.</summary>
    private static float[] Features(ConvertedModel model, Golden pixels, Golden grids)
    {
        var features = new List<float>();
        int used = 0, width = (int)pixels.Shape[1];
        for (int picture = 0; picture < grids.Shape[0]; picture++)
        {
            float[] grid = grids.At(picture);
            int patches = (int)(grid[0] * grid[1] * grid[2]);
            features.AddRange(model.Features(
                new Golden([patches, width], pixels.Numbers[(used * width)..((used + patches) * width)]), [.. grid.Select(size => (long)size)]));
            used += patches;
        }

        Assert.Equal(pixels.Shape[0], used);
        return [.. features];
    }
}

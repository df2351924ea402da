namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

public sealed class Qwen2VLTests
{
    [Theory]
    [InlineData("qwen2vl-tiny", "qwen2vl-tiny", null)]
    [InlineData("qwen2_5vl-tiny", "qwen2_5vl-tiny", null)]
    [InlineData("qwen2_5vl-tiny", "qwen2_5vl-tiny", "config-transformers-4.5x.json")] // as fine-tunes have it
    [InlineData("qwen2_5vl-tiny", "qwen2_5vl-tiny", "config-transformers-5.json")]
    [InlineData("qwen2_5vl-resaved", "qwen2_5vl-tiny", null)] // the same weights under the names of transformers 5
    [InlineData("qwen3vl-tiny", "qwen3vl-tiny", null)]
    [InlineData("qwen3vl-tiny", "qwen3vl-tiny", "config-transformers-5.json")]
    [InlineData("qwen3vl-untied-tiny", "qwen3vl-untied-tiny", null)]
    public async Task A_converted_checkpoint_sees_and_says_what_the_reference_does(string checkpoint, string goldens, string? config)
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.WithConfig($"vlm/{checkpoint}", config, folder), Destination = folder.PathOf("model") });
        Assert.Equal(checkpoint.StartsWith("qwen3", StringComparison.Ordinal) ? "qwen3-vl" : "qwen2-vl", result.Family);
        Assert.InRange(result.LargestDifference!.Value, double.Epsilon, 1e-4);
        using var model = new ConvertedModel(folder.PathOf("model"));
        var conversation = new GoldenConversation(model, goldens);
        foreach (string name in new[] { "multi", "batch", "two", "text" }.Where(name => conversation.Has($"{name}.input_ids")))
        {
            conversation.Check(name, conversation.Has($"{name}.pixel_values") ? Features(model, conversation[$"{name}.pixel_values"], conversation[$"{name}.image_grid_thw"]) : []);
        }
    }

    /// <summary>One image after the other, as the graph takes them.</summary>
    private static float[] Features(ConvertedModel model, Golden pixels, Golden grids)
    {
        var features = new List<float>();
        int used = 0, width = (int)pixels.Shape[1];
        for (int image = 0; image < grids.Shape[0]; image++)
        {
            float[] grid = grids.At(image);
            int patches = (int)(grid[0] * grid[1] * grid[2]);
            features.AddRange(model.Features(
                new Golden([patches, width], pixels.Numbers[(used * width)..((used + patches) * width)]), [.. grid.Select(size => (long)size)]));
            used += patches;
        }

        Assert.Equal(pixels.Shape[0], used);
        return [.. features];
    }
}

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

public sealed class SmolVLMTests
{
    private const string Checkpoint = "smolvlm-tiny";

    [Fact]
    public async Task A_converted_checkpoint_sees_and_says_what_the_reference_does()
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.PathOf($"vlm/{Checkpoint}"), Destination = folder.PathOf("model") });
        Assert.Equal("smolvlm", result.Family);
        Assert.InRange(result.LargestDifference!.Value, double.Epsilon, 1e-4);
        using var model = new ConvertedModel(folder.PathOf("model"));
        var conversation = new GoldenConversation(model, Checkpoint);
        foreach (string name in new[] { "multi", "single", "batch", "text" })
        {
            // The batch's first row has three tiles, filled up with two of nothing.
            float[] features = conversation.Has($"{name}.pixel_values") ? model.Features(conversation[$"{name}.pixel_values"]) : [];
            conversation.Check(name, features);
        }
    }
}

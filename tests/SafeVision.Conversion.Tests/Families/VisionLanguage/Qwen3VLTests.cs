using System.Text.Json.Nodes;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

public sealed class Qwen3VLTests
{
    private const string Checkpoint = "qwen3vl-tiny";

    [Theory]
    [InlineData("qwen3vl-tiny", "float16", "grouped")]
    [InlineData("qwen3vl-untied-tiny", "int8", "grouped")]
    [InlineData("qwen3vl-tiny", "int4", "grouped")]
    [InlineData("qwen3vl-untied-tiny", "float32", "standard")]
    public async Task Every_precision_and_attention_agrees_with_the_reference_computation(string checkpoint, string precision, string attention)
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.PathOf($"vlm/{checkpoint}"), Destination = folder.PathOf("model"), Precision = precision, Attention = attention });
        Assert.True(precision != "float32" || result.LargestDifference < 2e-5, $"{result.LargestDifference}");
        ModelSelfTest examination = await SafeVision.VisionLanguage.VisionLanguageSelfTest.RunAsync(ModelPackage.Open(folder.PathOf("model")), new ExecutionOptions(), TestContext.Current.CancellationToken);
        Assert.True(examination is { Goldens: 2, IsSound: true });
    }

    [Fact]
    public async Task Of_a_tower_that_is_too_large_the_first_layers_and_all_mergers_are_checked()
    {
        using var folder = new TemporaryFolder();
        using VisionLanguageModel model = new Qwen3VL().Read(Fixture.PathOf($"vlm/{Checkpoint}"));
        var form = new Float32Form();
        var verifier = new VisionLanguageVerifier(model, form.Tolerance, (_, _) => { }, CancellationToken.None) { MostBytes = 1, MostMultiplications = 1 };
        await verifier.VerifyAsync(
            Write("decoder", DecoderGraph.Write(model.Text, form, AttentionStyle.Grouped)), Write("embedding", EmbeddingGraph.Write(model.Text, form)), Write("vision", model.Vision.Write(form)));
        Assert.Equal("1 of 3 layers of the language model and its head, 1 of 4 layers of the vision tower and the projector", verifier.Scope);

        WrittenGraph Write(string name, TransformerGraph graph)
        {
            Conversion.Onnx.OnnxFile.Write(folder.PathOf($"{name}.onnx"), graph.Graph, "test", "1", (_, _) => { }, CancellationToken.None);
            return new WrittenGraph(folder.PathOf($"{name}.onnx"), graph);
        }
    }

    [Theory]
    [InlineData(new[] { 6, 3, 3 }, "0 1 2 0 1 2 0 1 2 0 0 0")]
    [InlineData(new[] { 4, 2, 2 }, "0 1 2 0 1 2 0 0")]
    [InlineData(new[] { 24, 20, 20 }, "0 1 2 0 1 2")]
    public void Angles_follow_time_row_and_column_in_turn_as_far_as_their_numbers_go(int[] sections, string axes)
    {
        using VisionLanguageModel model = new Qwen3VL().Read(Fixture.PathOf($"vlm/{Checkpoint}"));
        DecoderShape shape = model.Text.Shape with { RotarySections = sections };
        Assert.True(shape.Settings.InterleavesSections);
        Assert.Equal(axes, string.Join(' ', Enumerable.Range(0, Math.Min(sections.Sum(), axes.Split(' ').Length)).Select(shape.RotaryAxis)));
        for (int axis = 0; axis < 3; axis++)
        {
            Assert.Equal(sections[axis], Enumerable.Range(0, sections.Sum()).Count(angle => shape.RotaryAxis(angle) == axis));
        }
    }

    [Theory]
    [InlineData("text_config", "rope_theta", null, "rope_theta' is null")]
    [InlineData("vision_config", "num_position_embeddings", 48, "no square")]
    [InlineData("vision_config", "out_hidden_size", 63, "'out_hidden_size' is 63")]
    [InlineData("vision_config", "deepstack_visual_indexes", 4, "different layers, counted from 0, of 4")]
    [InlineData("vision_config", "num_heads", 5, "among 5 heads")]
    [InlineData("vision_config", "depth", 5, "blocks.4")]
    public void A_configuration_that_does_not_fit_is_refused_by_name(string part, string property, int? value, string message)
    {
        using var folder = new TemporaryFolder();
        string source = Fixture.WithConfig($"vlm/{Checkpoint}", "config.json", folder), path = Path.Combine(source, "config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        config[part]![property] = property.EndsWith("indexes", StringComparison.Ordinal) ? new JsonArray(value) : value;
        File.WriteAllText(path, config.ToJsonString());
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => new Qwen3VL().Read(source)).Message, StringComparison.Ordinal);
    }
}

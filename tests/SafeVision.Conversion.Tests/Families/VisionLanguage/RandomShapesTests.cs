using System.Text.Json.Nodes;
using CsCheck;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>Checkpoints that no fixture is like: every language model, heads that share keys in any way, sizes that no block
/// divides, biases, norms, stretched positions, tied heads, shards. What a seed gives is in <see cref="RandomShape"/>.</summary>
public sealed class RandomShapesTests
{
    private static readonly Gen<int> s_seeds = Gen.Int[0, int.MaxValue];

    [Fact]
    public void The_graphs_agree_with_the_plain_computation_in_every_precision() => s_seeds.Sample(
        seed =>
        {
            using var folder = new TemporaryFolder();
            var shape = new RandomShape(seed);
            new RandomCheckpoint(seed) { Type = shape.Type, Shards = shape.Shards }.Write(folder.PathOf("source"), shape.Original);
            string precision = ModelConverter.Precisions[seed % ModelConverter.Precisions.Count];
            ConversionResult result = ModelConverter.ConvertAsync(
                new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("model"), Precision = precision }).GetAwaiter().GetResult();
            Assert.True(result.LargestDifference > 0);
            if (precision == "float32")
            {
                Assert.InRange(result.LargestDifference!.Value, double.Epsilon, 2e-5);
                Assert.Equal("whole", result.Manifest.Converted!.Options["verified"]);
            }
        },
        iter: 18,
        threads: 1);

    [Fact]
    public void Both_forms_of_attention_and_both_layouts_say_the_same() => s_seeds.Sample(
        seed =>
        {
            using var folder = new TemporaryFolder();
            var shape = new RandomShape(seed);
            var original = new RandomCheckpoint(seed) { Type = shape.Type, Shards = shape.Shards };
            original.Write(folder.PathOf("original"), shape.Original);
            using VisionLanguageModel model = new InternVL().Read(folder.PathOf("original"));
            float[] embeddings = VisionInput.Noise((ulong)seed, 6, model.Text.Shape.Hidden).Numbers;
            float[] expected = ReferenceDecoder.Logits(model.Text, ReferenceDecoder.Run(model.Text, embeddings, model.Text.Layers.Count, () => { }, CancellationToken.None));
            float tolerance = 1e-4f * Math.Max(1, expected.Max(Math.Abs));
            foreach (AttentionStyle style in Enum.GetValues<AttentionStyle>())
            {
                Numbers.Close(expected, Speak(folder, model, embeddings, style), tolerance);
            }

            if (shape.Transformers() is { } config)
            {
                new RandomCheckpoint(0) { Type = shape.Type }.WriteRenamed(folder.PathOf("twin"), config, original, shape.Rename);
                using VisionLanguageModel twin = new InternVL().Read(folder.PathOf("twin"));
                Assert.Equal(Speak(folder, model, embeddings, AttentionStyle.Grouped), Speak(folder, twin, embeddings, AttentionStyle.Grouped));
                Assert.Equal(See(folder, model), See(folder, twin));
            }
        },
        iter: 25,
        threads: 1);

    [Theory]
    [InlineData("sliding_window", 64)]
    [InlineData("layer_types", """["full_attention", "sliding_attention"]""")]
    [InlineData("partial_rotary_factor", 0.5)]
    public void A_language_model_that_attends_otherwise_is_refused_by_name(string property, object value)
    {
        using var folder = new TemporaryFolder();
        JsonObject config = new RandomShape(1).Original;
        config["llm_config"]![property] = value is string text ? JsonNode.Parse(text) : JsonValue.Create(value);
        new RandomCheckpoint(1).Write(folder.PathOf("source"), config);
        Assert.Contains($"{property}'", Assert.Throws<CheckpointException>(() => new InternVL().Read(folder.PathOf("source"))).Message, StringComparison.Ordinal);
    }

    private static float[] Speak(TemporaryFolder folder, VisionLanguageModel model, float[] embeddings, AttentionStyle style)
    {
        WrittenGraph graph = Write(folder, "decoder", DecoderGraph.Write(model.Text, new Float32Form(), style));
        using var probe = new DecoderProbe(model.Text.Shape, embeddings);
        (float[] prefill, float[] step) = probe.ReadAndStep(graph, CancellationToken.None);
        return [.. prefill, .. step];
    }

    private static float[] See(TemporaryFolder folder, VisionLanguageModel model)
    {
        WrittenGraph graph = Write(folder, "vision", model.Vision.Write(new Float32Form()));
        using GraphRun run = GraphRun.Open(graph.Path);
        return run.RunForFirst(model.Vision.Probe(7), CancellationToken.None);
    }

    private static WrittenGraph Write(TemporaryFolder folder, string name, TransformerGraph blocks)
    {
        var graph = new WrittenGraph(folder.PathOf($"{name}.onnx"), blocks);
        OnnxFile.Write(graph.Path, graph.Blocks.Graph, "test", "1", (_, _) => { }, CancellationToken.None);
        return graph;
    }
}

using System.Text.Json.Nodes;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Tests.Families.VisionLanguage;
using SafeVision.Conversion.Verification;

namespace SafeVision.Conversion.Tests.Verification;

public sealed class VisionLanguageVerifierTests
{
    private const string Checkpoint = "vlm/internvl-qwen2-orig";

    private const string FourLayers = """
        {"model_type": "internvl", "downsample_ratio": 0.5,
         "vision_config": {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 28, "patch_size": 7,
           "norm_type": "layer_norm", "use_qk_norm": false, "attention_bias": true, "use_mean_pooling": true},
         "text_config": {"model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 2,
           "num_key_value_heads": 1, "vocab_size": 40}}
        """;

    [Fact]
    public async Task A_small_model_is_checked_whole_and_a_large_one_in_parts()
    {
        using var folder = new TemporaryFolder();
        using VisionLanguageModel model = new InternVL().Read(Fixture.PathOf(Checkpoint));
        (WrittenGraph decoder, WrittenGraph embedding, WrittenGraph vision) = Write(folder, model);

        var whole = new VisionLanguageVerifier(model, 1e-4, (_, _) => { }, CancellationToken.None);
        await whole.VerifyAsync(decoder, embedding, vision);
        Assert.Equal("whole", whole.Scope);
        Assert.InRange(whole.LargestDifference, double.Epsilon, 1e-4);

        var parts = new VisionLanguageVerifier(model, 1e-4, (_, _) => { }, CancellationToken.None) { MostBytes = 1, MostMultiplications = 1 };
        await parts.VerifyAsync(decoder, embedding, vision);
        Assert.Equal("1 of 2 layers of the language model and its head, 1 of 2 layers of the vision tower and the projector", parts.Scope);
        Assert.InRange(parts.LargestDifference, double.Epsilon, 1e-4);
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("float16")]
    public async Task Several_layers_of_a_larger_decoder_run_by_themselves_in_every_type(string precision)
    {
        using var folder = new TemporaryFolder();
        new RandomCheckpoint(8).Write(folder.PathOf("source"), JsonNode.Parse(FourLayers)!.AsObject());
        using VisionLanguageModel model = new InternVL().Read(folder.PathOf("source"));
        IWeightForm form = WeightForms.Find(precision);
        (WrittenGraph decoder, WrittenGraph embedding, WrittenGraph vision) = Write(folder, model, form);
        var verifier = new VisionLanguageVerifier(model, form.Tolerance, (_, _) => { }, CancellationToken.None) { MostBytes = decoder.WeightBytes * 7 / 8 };
        await verifier.VerifyAsync(decoder, embedding, vision);
        Assert.StartsWith("3 of 4 layers", verifier.Scope, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vision_encoder", true, "image_features")]
    [InlineData("vision_encoder", false, "projector")]
    [InlineData("decoder_model_merged", true, "logits")]
    [InlineData("decoder_model_merged", false, "layer 1")]
    [InlineData("embed_tokens", true, "inputs_embeds")]
    public async Task A_graph_of_other_weights_is_found_out(string damaged, bool isWhole, string what)
    {
        using TemporaryFolder folder = new(), other = new();
        using VisionLanguageModel model = new InternVL().Read(Fixture.PathOf(Checkpoint)), stranger = new InternVL().Read(Fixture.PathOf("vlm/internvl-qwen2-hf"));
        var tower = (InternVit)stranger.Vision;
        VisionLanguageModel altered = new()
        {
            Vision = tower with { Projector = tower.Projector with { Second = tower.Projector.Second.Scale([.. Enumerable.Repeat(1.01f, 64)]) } },
            Text = stranger.Text with
            {
                Embedding = stranger.Text.Embedding.ScaleRows([.. Enumerable.Repeat(1.01f, 640)]),
                Layers = [.. stranger.Text.Layers.Select(layer => layer with { Up = layer.Up.Scale([.. Enumerable.Repeat(1.05f, 128)]) })],
            },
            SourceFiles = [],
            Checkpoint = stranger.Checkpoint,
        };
        (WrittenGraph decoder, WrittenGraph embedding, WrittenGraph vision) = Write(folder, model);
        (WrittenGraph wrongDecoder, WrittenGraph wrongEmbedding, WrittenGraph wrongVision) = Write(other, altered);
        var verifier = new VisionLanguageVerifier(model, 1e-4, (_, _) => { }, CancellationToken.None)
        {
            MostBytes = isWhole ? long.MaxValue : 1,
            MostMultiplications = isWhole ? long.MaxValue : 1,
        };
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => verifier.VerifyAsync(
            damaged == "decoder_model_merged" ? wrongDecoder : decoder,
            damaged == "embed_tokens" ? wrongEmbedding : embedding,
            damaged == "vision_encoder" ? wrongVision : vision));
        Assert.Contains($"{damaged}.onnx: {what} differs", exception.Message, StringComparison.Ordinal);
    }

    // The fixture's weights are drawn so that answers vary, which magnifies errors: every family's tiny model must pass.
    [Theory]
    [InlineData("int8", "internvl-llama-hf", 0.15)]
    [InlineData("int4", "internvl-llama-hf", 0.4)]
    [InlineData("int8", "internvl-qwen2-orig", 0.15)]
    [InlineData("int4-block128", "internvl-qwen2-orig", 0.4)]
    public async Task A_model_of_few_bits_is_checked_layer_by_layer_and_other_weights_are_found_out(string precision, string checkpoint, double measured)
    {
        using TemporaryFolder folder = new(), other = new();
        using VisionLanguageModel model = new InternVL().Read(Fixture.PathOf($"vlm/{checkpoint}"));
        IWeightForm form = WeightForms.Find(precision);
        (WrittenGraph decoder, WrittenGraph embedding, WrittenGraph vision) = Write(folder, model, form);
        var verifier = new VisionLanguageVerifier(model, form.Tolerance, (_, _) => { }, CancellationToken.None);
        await verifier.VerifyAsync(decoder, embedding, vision);
        Assert.InRange(verifier.LargestDifference, 0.001, measured);
        Assert.Equal("1 of 2 layers of the language model and its head, 1 of 2 layers of the vision tower and the projector", verifier.Scope);

        TextDecoder turned = model.Text with { Layers = [model.Text.Layers[1], model.Text.Layers[0]] }, negated = model.Text with { Head = Negate(model.Text.Head) };
        foreach ((TextDecoder wrong, string what) in new[] { (turned, "layer 1"), (negated, "head") })
        {
            var graph = new WrittenGraph(other.PathOf("decoder.onnx"), DecoderGraph.Write(wrong, form, AttentionStyle.Grouped));
            OnnxFile.Write(graph.Path, graph.Blocks.Graph, "test", "1", (_, _) => { }, CancellationToken.None);
            CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => verifier.VerifyAsync(graph, embedding, vision));
            Assert.StartsWith($"{graph.Path}: {what} differs", exception.Message, StringComparison.Ordinal);
        }
    }

    private static Projection Negate(Projection projection) => projection.Scale([.. Enumerable.Repeat(-1f, projection.Features)]);

    private static (WrittenGraph Decoder, WrittenGraph Embedding, WrittenGraph Vision) Write(TemporaryFolder folder, VisionLanguageModel model, IWeightForm? chosen = null)
    {
        IWeightForm form = chosen ?? new Float32Form();
        return (
            Write("decoder_model_merged", DecoderGraph.Write(model.Text, form, AttentionStyle.Grouped)),
            Write("embed_tokens", EmbeddingGraph.Write(model.Text, form)),
            Write("vision_encoder", model.Vision.Write(form)));

        WrittenGraph Write(string name, TransformerGraph graph)
        {
            string path = folder.PathOf($"{name}.onnx");
            OnnxFile.Write(path, graph.Graph, "test", "1", (_, _) => { }, CancellationToken.None);
            return new WrittenGraph(path, graph);
        }
    }
}

using SafeVision.Conversion.Calibration;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;

namespace SafeVision.Conversion.Tests.Calibration;

/// <summary>Models with a few channels that are hundreds of times as large as the others, as trained ones have them.</summary>
public sealed class SmoothedModelTests
{
    private const float Outlier = 200;

    [Theory]
    [InlineData("internvl-qwen2-hf")] // query, key and value together; keys that several heads share
    [InlineData("mistral3-tiny")] // a gated vision tower
    [InlineData("gemma3-tiny")] // norms behind attention and feed-forward, windows
    [InlineData("qwen3_5-tiny")] // memories, gated attention
    [InlineData("qwen3vl-tiny")] // features added behind the first layers
    public async Task Outlying_channels_cost_hardly_anything_once_they_are_evened_out(string checkpoint)
    {
        using VisionLanguageModel model = Read(checkpoint);
        VisionLanguageModel planted = Plant(model);
        using var folder = new TemporaryFolder();
        SampleQuestions questions = await SampleQuestions.CreateAsync(Fixture.PathOf($"vlm/{checkpoint}"), planted, null, CancellationToken.None);
        (VisionLanguageModel smoothed, SparedLayers spared) = SmoothedModel.Create(
            planted, new ActivationObserver(planted, AttentionStyle.Grouped, folder.Root, (_, _) => { }, CancellationToken.None).Observe(questions.Calibrating, new Int8Form().RoundsInput));
        var plain = new Int8Form();
        double usual = Lost(model, model, plain), bad = Lost(planted, planted, plain), mended = Lost(planted, smoothed, plain), spare = Lost(planted, smoothed, plain.Sparing(spared));
        Assert.True(bad > 2 * usual, $"{bad} against {usual}: the channels did no harm to begin with");
        Assert.True(mended < 1.3 * usual, $"{mended} against {usual}");
        Assert.True(spare < 1.3 * usual, $"{spare} against {usual}");
    }

    [Fact]
    public async Task A_model_that_is_evened_out_computes_the_same()
    {
        using VisionLanguageModel model = Read("internvl-qwen2-hf");
        VisionLanguageModel planted = Plant(model);
        using var folder = new TemporaryFolder();
        SampleQuestions questions = await SampleQuestions.CreateAsync(Fixture.PathOf("vlm/internvl-qwen2-hf"), planted, null, CancellationToken.None);
        (VisionLanguageModel smoothed, _) = SmoothedModel.Create(
            planted, new ActivationObserver(planted, AttentionStyle.Grouped, folder.Root, (_, _) => { }, CancellationToken.None).Observe(questions.Calibrating, new Int8Form().RoundsInput));
        Assert.NotEqual(planted.Text.Layers[0].AttentionNorm.Weight, smoothed.Text.Layers[0].AttentionNorm.Weight);
        float[] embeddings = model.Text.Embed([1, 10, 200, 300]);
        float[] expected = ReferenceDecoder.Run(model.Text, embeddings, model.Text.Layers.Count, () => { }, CancellationToken.None);
        float[] actual = ReferenceDecoder.Run(smoothed.Text, embeddings, model.Text.Layers.Count, () => { }, CancellationToken.None);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    [Fact]
    public void What_nothing_evens_out_gets_blocks_the_worst_first_up_to_a_fifth()
    {
        using VisionLanguageModel model = Read("internvl-qwen2-hf");
        VisionLayer[] layers = [.. model.Vision.Layers.Layers];
        var ranges = layers.Select((layer, i) => ($"{layer.Name}.mlp.down", Range(layer.Down.Weight.Columns, i == 1 ? 900 : 500))) // its activation can't be divided
            .Concat(layers.Select(layer => ($"{layer.Name}.mlp.up", Range(layer.Up.Weight.Columns, 3))))
            .Concat(model.Text.Layers.Take(1).Select(layer => ($"{layer.Name}.mlp.gate", Range(layer.Gate.Weight.Columns, 3)))).ToDictionary(pair => pair.Item1, pair => pair.Item2);
        (_, SparedLayers spared) = SmoothedModel.Create(model, ranges);
        Assert.Equal([$"{layers[1].Name}.mlp.down"], spared.InBlocks);
        Assert.Empty(spared.ByRow);
    }

    [Fact]
    public void Where_few_tokens_are_much_larger_than_the_others_each_gets_a_scale_of_its_own()
    {
        using VisionLanguageModel model = Read("internvl-qwen2-hf");
        VisionLayer[] layers = [.. model.Vision.Layers.Layers];
        (_, SparedLayers spared) = SmoothedModel.Create(
            model, layers.Select((layer, i) => ($"{layer.Name}.mlp.down", Range(layer.Down.Weight.Columns, 500, tokenPower: i == 0 ? 9 : 250_000))).ToDictionary(pair => pair.Item1, pair => pair.Item2));
        Assert.Equal([$"{layers[0].Name}.mlp.down"], spared.ByRow);
        Assert.DoesNotContain($"{layers[0].Name}.mlp.down", spared.InBlocks);
    }

    private static ChannelRange Range(int channels, float largest, float? tokenPower = null)
    {
        float[] most = [.. Enumerable.Repeat(3f, channels)];
        most[1] = largest;
        return new ChannelRange([.. most.Select(value => -value)], most, [.. Enumerable.Repeat(1f, channels)], tokenPower ?? largest * largest);
    }

    private static VisionLanguageModel Read(string checkpoint) => ((FamilyNetwork)ModelFamilies.Find(Fixture.PathOf($"vlm/{checkpoint}"), null)).Read(Fixture.PathOf($"vlm/{checkpoint}"));

    /// <summary>The same function with channels that stand out before every layer that can be divided.</summary>
    private static VisionLanguageModel Plant(VisionLanguageModel model)
    {
        VisionTransformer tower = model.Vision.Layers;
        return model with
        {
            Text = model.Text with { Layers = [.. model.Text.Layers.Select(Text)] },
            Vision = model.Vision.WithLayers(tower with { Layers = [.. tower.Layers.Select(Vision)] }),
        };

        static DecoderLayer Text(DecoderLayer layer)
        {
            float[] input = Factors(layer.AttentionNorm.Weight.Length), inner = Factors(layer.Down.Weight.Columns);
            return layer with
            {
                AttentionNorm = layer.AttentionNorm.Divide(input),
                Query = layer.Query.ScaleInputs(input),
                Key = layer.Key.ScaleInputs(input),
                Value = layer.Value.ScaleInputs(input),
                AttentionGate = layer.AttentionGate?.ScaleInputs(input),
                Memory = layer.Memory is { } memory ? memory with { Rates = memory.Rates.ScaleInputs(input), Gate = memory.Gate.ScaleInputs(input) } : null,
                MlpNorm = layer.MlpNorm.Divide(input),
                Gate = layer.Gate.ScaleInputs(input),
                Up = layer.Up.ScaleInputs(input).Scale([.. inner.Select(factor => 1 / factor)]),
                Down = layer.Down.ScaleInputs(inner),
            };
        }

        static VisionLayer Vision(VisionLayer layer)
        {
            float[] input = Factors(layer.AttentionNorm.Weight.Length);
            return layer with
            {
                AttentionNorm = layer.AttentionNorm.Divide(input),
                Query = layer.Query.ScaleInputs(input),
                Key = layer.Key.ScaleInputs(input),
                Value = layer.Value.ScaleInputs(input),
                MlpNorm = layer.MlpNorm.Divide(input),
                Up = layer.Up.ScaleInputs(input),
                Gate = layer.Gate?.ScaleInputs(input),
            };
        }

        static float[] Factors(int channels) => [.. Enumerable.Range(0, channels).Select(channel => channel % 17 == 5 ? 1 / Outlier : 1)];
    }

    private static double Lost(VisionLanguageModel exact, VisionLanguageModel written, IWeightForm form)
    {
        using var folder = new TemporaryFolder();
        WrittenGraph decoder = Write("decoder", DecoderGraph.Write(written.Text, form, AttentionStyle.Grouped)), embedding = Write("embedding", EmbeddingGraph.Write(written.Text, form)), vision = Write("vision", written.Vision.Write(form));
        Models.PrecisionLoss loss = new PrecisionComparison(exact, form, AttentionStyle.Grouped, folder.Root, (_, _) => { }, CancellationToken.None) { Smoothed = written }.Measure(decoder, embedding, vision);
        return loss.MeanLogitDifference / loss.LogitDeviation;

        WrittenGraph Write(string name, TransformerGraph blocks)
        {
            var graph = new WrittenGraph(folder.PathOf($"{name}.onnx"), blocks);
            OnnxFile.Write(graph.Path, blocks.Graph, "test", "1", (_, _) => { }, CancellationToken.None);
            return graph;
        }
    }
}

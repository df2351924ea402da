using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests.Verification;

public sealed class PrecisionComparisonTests
{
    // A little above what was measured. The fixtures are made so that their answers vary, which magnifies errors: of a layer's
    // output, int4 loses 8 % and int8 2 %.
    [Theory]
    [InlineData("float16", 0.005, 0.95, 0.01)]
    [InlineData("int8", 0.15, 0.6, 0.06)]
    [InlineData("int4", 0.5, 0.15, 0.06)]
    public async Task What_a_precision_loses_stands_in_the_manifest(string precision, double difference, double agreement, double features)
    {
        using var folder = new TemporaryFolder();
        foreach (string checkpoint in new[] { "internvl-llama-hf", "internvl-internlm2-orig", "internvl-qwen2-hf", "internvl-qwen2-orig", "smolvlm-tiny", "qwen2vl-tiny" })
        {
            ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions
            {
                Source = Fixture.PathOf($"vlm/{checkpoint}"),
                Destination = folder.PathOf("model"),
                Precision = precision,
            });
            PrecisionLoss loss = result.Manifest.Converted!.PrecisionLoss!;
            Assert.Equal("whole model", loss.Scope);
            Assert.Equal(128, loss.Positions);
            Assert.InRange(loss.MeanLogitDifference / loss.LogitDeviation, difference / 100, difference);
            Assert.InRange(loss.LargestLogitDifference, loss.MeanLogitDifference, 30 * loss.MeanLogitDifference);
            Assert.InRange(loss.TopAgreement, agreement, 1);
            Assert.InRange(loss.ImageFeatureError!.Value, features / 100, features);

            Assert.Equal(loss, ModelPackage.Open(folder.PathOf("model")).Manifest.Converted!.PrecisionLoss);
            Assert.Equal(3, Directory.EnumerateFiles(folder.PathOf("model"), "*.onnx", SearchOption.AllDirectories).Count());
        }
    }

    [Fact]
    public async Task Float32_loses_nothing_and_says_nothing()
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.PathOf("vlm/internvl-qwen2-hf"), Destination = folder.PathOf("model") });
        Assert.Null(result.Manifest.Converted!.PrecisionLoss);
    }

    [Fact]
    public void Of_a_model_that_is_too_large_a_part_is_compared_and_the_scope_says_so()
    {
        using var folder = new TemporaryFolder();
        using VisionLanguageModel model = new InternVL().Read(Fixture.PathOf("vlm/internvl-qwen2-hf"));
        IWeightForm form = WeightForms.Find("int4");
        var embedding = new WrittenGraph(folder.PathOf("embed.onnx"), EmbeddingGraph.Write(model.Text, form));
        OnnxFile.Write(embedding.Path, embedding.Blocks.Graph, "test", "1", (_, _) => { }, CancellationToken.None);
        var progress = new List<(long Done, long Total)>();
        var comparison = new PrecisionComparison(model, form, AttentionStyle.Grouped, folder.Root, (done, total) => progress.Add((done, total)), CancellationToken.None) { MostBytes = 0 };
        PrecisionLoss loss = comparison.Measure(embedding, embedding, embedding); // of the three only the embedding is run
        Assert.Equal("the first and the last of the language model's 2 layers, with 640 of 640 tokens", loss.Scope);
        Assert.Null(loss.ImageFeatureError);
        Assert.InRange(loss.MeanLogitDifference / loss.LogitDeviation, 0.01, 0.5);
        Assert.Equal(progress[^1].Total, progress[^1].Done);
        Assert.Equal([embedding.Path], Directory.EnumerateFileSystemEntries(folder.Root));
    }

    [Fact]
    public void Logits_are_compared_place_by_place()
    {
        var comparison = new LogitComparison(3);
        comparison.Add([1, 2, 3, 0, 0, 6], [1, 2.5f, 3, 0, 9, 6]);
        PrecisionLoss loss = comparison.ToLoss("two places", 0.5);
        Assert.Equal(new PrecisionLoss
        {
            Scope = "two places",
            Positions = 2,
            LargestLogitDifference = 9,
            MeanLogitDifference = 9.5 / 6,
            LogitDeviation = Math.Sqrt((50 / 6.0) - 4),
            TopAgreement = 0.5,
            ImageFeatureError = 0.5,
        }, loss);
    }
}

using SafeVision.Conversion.Calibration;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests.Calibration;

public sealed class SampleQuestionsTests
{
    [Theory]
    [InlineData("gemma3-tiny")]
    [InlineData("shieldgemma2-tiny")] // a question for each category
    [InlineData("qwen3_5-tiny")]
    [InlineData("mistral3-tiny")]
    public async Task A_guard_is_asked_its_own_questions_and_each_image_has_its_tokens(string checkpoint)
    {
        string folder = Fixture.PathOf($"vlm/{checkpoint}");
        using VisionLanguageModel model = ((FamilyNetwork)ModelFamilies.Find(folder, null)).Read(folder);
        SampleQuestions questions = await SampleQuestions.CreateAsync(folder, model, null, TestContext.Current.CancellationToken);
        Assert.Equal("the guard's own questions about drawn images", questions.Description);
        Assert.Equal((2, 4), (questions.Calibrating.Count, questions.Measuring.Count));
        Assert.All([.. questions.Calibrating, .. questions.Measuring], question =>
        {
            Assert.Contains(question.ImageToken, question.Ids);
            Assert.InRange(question.Ids.Length, 32, 512);
            Assert.InRange(question.Answers.Count, 2, 40);
            Assert.Subset(questions.VerdictTokens.ToHashSet(), question.Answers.ToHashSet());
        });
        Assert.NotEqual(questions.Calibrating[0].Image["pixel_values"].Numbers, questions.Measuring[0].Image["pixel_values"].Numbers);
    }

    [Fact]
    public async Task A_guard_of_yes_and_no_has_these_two_tokens_kept_at_8_bits_in_a_head_of_4()
    {
        string source = Fixture.PathOf("vlm/shieldgemma2-tiny");
        using VisionLanguageModel model = ((FamilyNetwork)ModelFamilies.Find(source, null)).Read(source);
        SampleQuestions questions = await SampleQuestions.CreateAsync(source, model, null, TestContext.Current.CancellationToken);
        Assert.Equal(2, questions.VerdictTokens.Count);

        using var folder = new TemporaryFolder();
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = source, Destination = folder.PathOf("model"), Precision = "int4" }, cancellationToken: TestContext.Current.CancellationToken);
        ModelProto decoder = ModelProto.Parser.ParseFrom(await File.ReadAllBytesAsync(folder.PathOf("model/onnx/decoder_model_merged_q4.onnx"), TestContext.Current.CancellationToken));
        Assert.Equal([4L, 8], decoder.Graph.Node.Where(node => node.Output[0] is "head/product" or "head/fine/product").Select(node => node.Attribute.Single(attribute => attribute.Name == "bits").I));
        Assert.Equal(2, decoder.Graph.Initializer.Single(tensor => tensor.Name == "head/fine/places").Dims[0]);
    }

    [Fact]
    public async Task Images_of_a_folder_take_the_place_of_drawn_ones()
    {
        using var folder = new TemporaryFolder();
        var options = new ConversionOptions { Source = Fixture.PathOf("vlm/gemma3-tiny"), Destination = folder.PathOf("model"), Precision = "int8", Calibration = Fixture.PathOf("photos") };
        ModelConversion converted = (await ModelConverter.ConvertAsync(options, cancellationToken: TestContext.Current.CancellationToken)).Manifest.Converted!;
        Assert.Equal("the guard's own questions about images of a folder", converted.Options["calibration"]);
        Assert.Equal(4, converted.PrecisionLoss!.Questions);
        Assert.InRange(converted.PrecisionLoss.LargestShareDifference, double.Epsilon, 1);
        Assert.InRange(converted.PrecisionLoss.AnswerAgreement, 0, 1);

        Directory.CreateDirectory(folder.PathOf("empty"));
        CheckpointException none = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.PathOf("vlm/gemma3-tiny"), Destination = folder.PathOf("other"), Precision = "int8", Calibration = folder.PathOf("empty") }));
        Assert.Contains("has no images", none.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.PathOf("other")));
    }

    [Fact]
    public async Task Without_a_tokenizer_noise_stands_for_questions_and_the_manifest_says_so()
    {
        using var folder = new TemporaryFolder();
        string source = Fixture.WithConfig("vlm/gemma3-tiny", "config.json", folder);
        Array.ForEach(Directory.GetFiles(source, "token*"), File.Delete);
        var options = new ConversionOptions { Source = source, Destination = folder.PathOf("model"), Precision = "int8" };
        Assert.Equal("noise and tokens made from a seed", (await ModelConverter.ConvertAsync(options, cancellationToken: TestContext.Current.CancellationToken)).Manifest.Converted!.Options["calibration"]);
    }
}

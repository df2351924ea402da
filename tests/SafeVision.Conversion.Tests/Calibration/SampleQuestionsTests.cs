using SafeVision.Conversion.Calibration;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Families.VisionLanguage;
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
        });
        Assert.NotEqual(questions.Calibrating[0].Image["pixel_values"].Numbers, questions.Measuring[0].Image["pixel_values"].Numbers);
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

using SafeVision.Inference;
using SafeVision.Tests.Fakes;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests.Families;

public sealed class PreprocessorSettingsTests
{
    [Fact]
    public void A_folder_that_does_not_say_how_pictures_are_prepared_is_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", "{}");
        folder.Write("processor_config.json", """{ "image_seq_length": 256 }""");

        ModelLoadException refusal = Assert.Throws<ModelLoadException>(() => PreprocessorSettings.Read(ModelConfiguration.Open(folder.Path)));

        Assert.Contains("preprocessor_config.json: is missing", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("preprocessor_config.json", """{ "rescale_factor": 0.5 }""")]
    [InlineData("processor_config.json", """{ "image_processor": { "rescale_factor": 0.5 } }""")]
    public void Either_file_will_do(string file, string text)
    {
        using var folder = new TemporaryFolder();
        folder.Write(file, text);

        Assert.Equal(0.5, PreprocessorSettings.Read(ModelConfiguration.Open(folder.Path)).Values["rescale_factor"].Number(1));
    }
}

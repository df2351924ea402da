using SafeVision.Execution;
using SafeVision.Models.VisionLanguage;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>Whether the engine finds its way in every kind of folder that the converter makes.</summary>
public sealed class ConvertedFolderTests
{
    [Theory]
    [InlineData("internvl-internlm2-orig", "float32", "grouped")]
    [InlineData("internvl-qwen2-hf", "float16", "grouped")]
    [InlineData("internvl-qwen2-orig", "int4", "grouped")]
    [InlineData("internvl-llama-hf", "float32", "standard")]
    [InlineData("smolvlm-tiny", "float32", "grouped")]
    [InlineData("smolvlm-tiny", "int8", "grouped")]
    [InlineData("qwen2vl-tiny", "float32", "grouped")]
    [InlineData("qwen2vl-tiny", "float16", "standard")]
    [InlineData("qwen2vl-tiny", "int4", "grouped")]
    public async Task The_engine_loads_what_the_converter_writes(string checkpoint, string precision, string attention)
    {
        using var folder = new TemporaryFolder();
        await ModelConverter.ConvertAsync(new ConversionOptions
        {
            Source = Fixture.PathOf($"vlm/{checkpoint}"),
            Destination = folder.PathOf("model"),
            Precision = precision,
            Attention = attention,
        });
        VisionLanguageFiles files = VisionLanguageFiles.Find(folder.PathOf("model"), new VisionLanguageFileOptions());
        Assert.Equal(attention == "grouped", files.DecoderSharesCache);
        using SessionCache sessions = new();
        VisionLanguageSessions loaded = await VisionLanguageSessions.LoadAsync(files, sessions, new ExecutionOptions(), CancellationToken.None);
        Assert.Equal("image_features", loaded.Files.VisionNames.ImageFeatures);
        Assert.Equal("num_logits_to_keep", loaded.Files.DecoderNames.KeepLogits);
    }
}

using System.Text.Json.Nodes;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.VisionLanguage;

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
        await ConvertAndExamineAsync(Fixture.PathOf($"vlm/{checkpoint}"), folder.PathOf("model"), precision, attention);
        VisionLanguageFiles files = VisionLanguageFiles.Find(folder.PathOf("model"), new VisionLanguageFileOptions());
        Assert.Equal(attention == "grouped", files.DecoderSharesCache);
        using SessionCache sessions = new();
        VisionLanguageSessions loaded = await VisionLanguageSessions.LoadAsync(files, sessions, new ExecutionOptions(), CancellationToken.None);
        Assert.Equal("image_features", loaded.Files.Names.Vision.ImageFeatures);
        Assert.Equal("num_logits_to_keep", loaded.Files.Names.Decoder.KeepLogits);
    }

    [Fact]
    public async Task An_altered_graph_or_golden_is_found_out()
    {
        using var folder = new TemporaryFolder();
        string model = folder.PathOf("model"), manifest = Path.Combine(model, "manifest.json"), graph = Path.Combine(model, "onnx", "embed_tokens.onnx");
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.PathOf("vlm/qwen2vl-tiny"), Destination = model });
        byte[] bytes = File.ReadAllBytes(graph);
        bytes[^1] ^= 1;
        File.WriteAllBytes(graph, bytes);
        ModelLoadException altered = await Assert.ThrowsAsync<ModelLoadException>(() => VisionLanguageSelfTest.RunAsync(ModelPackage.Open(model), new ExecutionOptions()));
        Assert.Contains("'onnx/embed_tokens.onnx' is not the file", altered.Message, StringComparison.Ordinal);
        bytes[^1] ^= 1;
        File.WriteAllBytes(graph, bytes);

        JsonNode json = JsonNode.Parse(File.ReadAllText(manifest))!;
        json["goldens"]![1]!["outputs"]![0] = 1000;
        File.WriteAllText(manifest, json.ToJsonString());
        Assert.False((await VisionLanguageSelfTest.RunAsync(ModelPackage.Open(model), new ExecutionOptions())).IsSound);

        json["goldens"]![0]!["inputs"]!["grid_thw"] = new JsonArray(1, 2);
        File.WriteAllText(manifest, json.ToJsonString());
        ModelLoadException wrong = await Assert.ThrowsAsync<ModelLoadException>(() => VisionLanguageSelfTest.RunAsync(ModelPackage.Open(model), new ExecutionOptions()));
        Assert.Contains("'image' can't be run", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("onnx/../config.json")]
    [InlineData("onnx/")]
    [InlineData("onnx/sub/x.onnx")]
    [InlineData("other/decoder.onnx")]
    [InlineData("../decoder.onnx")]
    public async Task A_file_outside_of_folder_and_graphs_cannot_be_named(string file)
    {
        using var folder = new TemporaryFolder();
        string model = folder.PathOf("model"), manifest = Path.Combine(model, "manifest.json");
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.PathOf("vlm/qwen2vl-tiny"), Destination = model });
        JsonNode json = JsonNode.Parse(File.ReadAllText(manifest))!;
        json["file"] = file;
        File.WriteAllText(manifest, json.ToJsonString());
        Assert.Contains("plain file name", Assert.Throws<ModelLoadException>(() => ModelPackage.Open(model).Verify()).Message, StringComparison.Ordinal);
    }

    /// <summary>Converts a checkpoint, and asserts that graphs and reference agree and that the folder examines itself.</summary>
    internal static async Task<ConversionResult> ConvertAndExamineAsync(string source, string destination, string precision, string attention)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = source, Destination = destination, Precision = precision, Attention = attention }, cancellationToken: cancellation);
        ModelSelfTest examination = await VisionLanguageSelfTest.RunAsync(ModelPackage.Open(destination), new ExecutionOptions(), cancellation);
        Assert.True(examination is { Goldens: 2, IsSound: true }, $"{examination.LargestDifference}");
        if (precision == "float32")
        {
            // Where numbers are rounded on the way, a last bit that falls the other way is worth more than this.
            Assert.InRange(result.LargestDifference!.Value, 0, 2e-5);
            Assert.InRange(examination.LargestDifference, 0, 1e-4);
        }

        return result;
    }
}

using SafeVision.Inference;
using SafeVision.Tests.Fakes;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests;

public sealed class PrecisionChoiceTests
{
    private const string Everything = "/_fp16/_q4/_q4f16/_int8/_uint8/_quantized/_bnb4";

    [Theory]
    [InlineData(Everything, "", "_fp16", "_q4")]
    [InlineData("/_fp16/_quantized/_q4f16", "", "_fp16", "_quantized")]
    [InlineData("/_fp16/_q4f16/_bnb4", "", "_fp16", "")]
    [InlineData("_fp16/_q4f16", "_fp16", "_fp16", "_q4f16")]
    [InlineData("_q4f16", "_q4f16", "_q4f16", "_q4f16")]
    [InlineData("/_q4/_int8", "", "_int8", "_q4")]
    [InlineData("_uint8/_q4", "_uint8", "_uint8", "_q4")]
    [InlineData("/_q4", "", "", "_q4")]
    [InlineData("_q2/_bnb4", "_bnb4", "_bnb4", "_bnb4")]
    public void The_processor_gets_what_it_runs_best(string present, string vision, string embedding, string decoder) =>
        Assert.Equal((vision, embedding, decoder), Chosen(present));

    [Theory]
    [InlineData(Everything, "_fp16", "_fp16", "_q4f16")]
    [InlineData("/_fp16/_q4", "_fp16", "_fp16", "_fp16")]
    [InlineData("/_q4/_quantized", "", "", "_q4")]
    public void A_graphics_processor_gets_half_precision(string present, string vision, string embedding, string decoder) =>
        Assert.Equal((vision, embedding, decoder), Chosen(present, new() { Provider = ExecutionProvider.Cuda }));

    [Theory]
    [InlineData("\"fp32\"", "", "", "")]
    [InlineData("\"q4f16\"", "_q4f16", "_q4f16", "_q4")] // a processor decodes slowly in it
    [InlineData("{ \"decoder_model_merged\": \"uint8\", \"embed_tokens\": \"q4\" }", "", "_q4", "_uint8")]
    [InlineData("{ \"vision_encoder\": \"fp16\", \"decoder_model_merged\": \"auto\" }", "_fp16", "_fp16", "_q4")]
    [InlineData("7", "", "_fp16", "_q4")]
    public void What_the_publisher_recommends_comes_first(string hint, string vision, string embedding, string decoder) =>
        Assert.Equal((vision, embedding, decoder), Chosen(Everything, config: $$"""{ "transformers.js_config": { "dtype": {{hint}} } }"""));

    [Fact]
    public void What_is_asked_for_comes_before_all()
    {
        const string Config = """{ "transformers.js_config": { "dtype": "q4" } }""";
        Assert.Equal(("_fp16", "_fp16", "_fp16"), Chosen(Everything, new() { Precision = "FP16" }, Config));
        Assert.Equal(("", "", ""), Chosen(Everything, new() { Precision = "fp32" }, Config));
        Assert.Equal(("_quantized", "_quantized", "_quantized"), Chosen(Everything, new() { Precision = "q8" }));
        Assert.Equal(("", "_int8", "_q4f16"), Chosen(Everything, new() { Precision = "q4f16", PartPrecisions = new Dictionary<VisionLanguagePart, string> { [VisionLanguagePart.Embedding] = "int8", [VisionLanguagePart.Vision] = "fp32" } }));
    }

    [Fact]
    public void What_is_asked_for_and_missing_is_refused_with_what_is_there()
    {
        string message = Assert.Throws<ModelLoadException>(() => Chosen("/_q4", new() { Precision = "bnb4" })).Message;
        Assert.Contains("'bnb4', only in fp32, q4", message, StringComparison.Ordinal);
        Assert.Contains("Known are fp32", Assert.Throws<ModelLoadException>(() => Chosen("/_q4", new() { Precision = "int3" })).Message, StringComparison.Ordinal);
        Assert.Contains("vision tower", Assert.Throws<ModelLoadException>(() => Chosen("/_q4", new() { PartPrecisions = new Dictionary<VisionLanguagePart, string> { [VisionLanguagePart.Vision] = "fp16" } })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_may_lie_flat_and_the_merged_decoder_goes_first()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in new[] { "vision_encoder.onnx", "embed_tokens_int8.onnx", "onnx/decoder_model_q4.onnx", "decoder_model_merged_fp16.onnx" })
        {
            folder.Write(file, "");
        }

        FoundFiles found = OnnxCommunityLayout.Find(ModelConfiguration.Open(folder.Path), new VisionLanguageFileOptions());

        Assert.Equal(
            ["vision_encoder.onnx", "embed_tokens_int8.onnx", "decoder_model_merged_fp16.onnx"],
            found.Paths.OrderBy(part => part.Key).Select(part => Path.GetRelativePath(folder.Path, part.Value)));
    }

    private static (string Vision, string Embedding, string Decoder) Chosen(string suffixes, VisionLanguageFileOptions? options = null, string config = "{}")
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", config);
        foreach (string suffix in suffixes.Split('/'))
        {
            foreach (string stem in new[] { "vision_encoder", "embed_tokens", "decoder_model_merged" })
            {
                folder.Write($"onnx/{stem}{suffix}.onnx", "");
            }
        }

        FoundFiles found = OnnxCommunityLayout.Find(ModelConfiguration.Open(folder.Path), options ?? new VisionLanguageFileOptions());
        return (Suffix(VisionLanguagePart.Vision, "vision_encoder"), Suffix(VisionLanguagePart.Embedding, "embed_tokens"), Suffix(VisionLanguagePart.Decoder, "decoder_model_merged"));

        string Suffix(VisionLanguagePart part, string stem) => Path.GetFileNameWithoutExtension(found.Paths[part])[stem.Length..];
    }
}

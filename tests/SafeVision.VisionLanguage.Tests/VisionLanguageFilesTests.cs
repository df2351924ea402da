using System.Security.Cryptography;
using SafeVision.Inference;
using SafeVision.Tests.Fakes;

namespace SafeVision.VisionLanguage.Tests;

public sealed class VisionLanguageFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SessionCache _sessions = new();

    [Theory]
    [InlineData("internvl-llama", 640 + 32)]
    [InlineData("internvl-qwen2", 640)]
    public async Task A_published_folder_opens(string model, int vocabulary)
    {
        VisionLanguageFiles files = Find(Fixture(model));

        VisionLanguageSessions sessions = await LoadAsync(files);

        Assert.Null(files.Names.Embedding.ImageFeatures);
        Assert.False(files.DecoderSharesCache);
        Assert.Equal(["past_key_values.0.key", "past_key_values.0.value", "past_key_values.1.key", "past_key_values.1.value"], files.Names.Decoder.Past);
        Assert.Equal(["present.0.key", "present.0.value", "present.1.key", "present.1.value"], files.Names.Decoder.Present);
        Assert.Equal(("position_ids", null, null), (files.Names.Decoder.Positions, files.Names.Decoder.KeepLogits, files.Names.Decoder.UseCacheBranch));
        Assert.Equal(vocabulary, sessions.Decoder.Session.OutputMetadata[files.Names.Decoder.Logits].Dimensions[^1]);
        Assert.Contains(files.Names.Vision.PixelValues, sessions.Vision.Session.InputNames);
        Assert.Contains(files.Names.Embedding.Embeddings, sessions.Embedding.Session.OutputNames);
        foreach (OnnxFile file in new[] { files.Vision, files.Embedding, files.Decoder })
        {
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file.Path))), await file.HashAsync());
        }
    }

    [Fact]
    public async Task A_folder_for_onnxruntime_genai_opens_under_the_names_it_gives()
    {
        VisionLanguageFiles files = Find(GenAI("""
            "decoder": { "filename": "text.onnx", "inputs": { "past_key_names": "past_key_values.%d.key" }, "outputs": { "logits": "logits" } },
            "embedding": { "filename": "embedding.onnx" },
            "vision": { "filename": "vision.onnx", "inputs": { "pixel_values": "pixel_values" } }
            """));

        Assert.Equal(4, files.Names.Decoder.Past.Count);
        Assert.Equal("text.onnx", files.Decoder.Name);
        Assert.NotNull(await LoadAsync(files));
    }

    [Fact]
    public void The_genai_layout_may_rename_every_tensor_and_merge_images_itself()
    {
        TinyVisionLanguage tiny = new TinyVisionLanguage(_folder, genAI: true) { Prefix = "my_", MergesImages = true }.Write("""
            { "model": { "type": "qwen2_5_vl",
                "decoder": { "filename": "model.onnx",
                    "inputs": { "inputs_embeds": "my_inputs_embeds", "attention_mask": "my_attention_mask", "position_ids": "my_position_ids", "past_key_names": "my_past_%d_k", "past_value_names": "my_past_%d_v" },
                    "outputs": { "logits": "my_logits", "present_key_names": "my_present_%d_k", "present_value_names": "my_present_%d_v" } },
                "embedding": { "filename": "embedding.onnx", "inputs": { "input_ids": "my_input_ids", "image_features": "my_image_features" }, "outputs": { "inputs_embeds": "my_inputs_embeds" } },
                "vision": { "filename": "vision.onnx", "inputs": { "pixel_values": "my_pixel_values", "image_grid_thw": "my_grid" }, "outputs": { "image_features": "my_image_features" } } } }
            """);

        VisionLanguageFiles files = Find(tiny.Folder);

        Assert.Equal("my_image_features", files.Names.Embedding.ImageFeatures);
        Assert.Equal(("my_inputs_embeds", "my_attention_mask", "my_position_ids"), (files.Names.Decoder.Embeddings, files.Names.Decoder.Mask, files.Names.Decoder.Positions));
        Assert.Equal(["my_past_0_k", "my_past_0_v", "my_past_1_k", "my_past_1_v"], files.Names.Decoder.Past);
        Assert.Equal(["my_present_0_k", "my_present_0_v", "my_present_1_k", "my_present_1_v"], files.Names.Decoder.Present);
        Assert.Equal("image_grid_thw", files.Names.Vision.OtherInputs["my_grid"]);
    }

    [Theory]
    [InlineData("""{ "model": { } }""", "'model.vision.filename' is missing")]
    [InlineData("""{ "model": { "decoder": { "pipeline": [] } } }""", "'model.decoder.pipeline'")]
    [InlineData("""{ "model": { "vision": { "filename": "../vision.onnx" } } }""", "plain file name")]
    [InlineData("""{ "model": { "vision": { "filename": 7 } } }""", "'model.vision.filename'")]
    [InlineData("""{ "model": { "vision": { "filename": "none.onnx" } } }""", "none.onnx: is missing; genai_config.json names it")]
    [InlineData("""{ "model": { "vision": { "filename": "vision.onnx" }, "embedding": { "filename": "embedding.onnx" }, "decoder": { "filename": "text.onnx", "inputs": { "past_key_names": "past" } } } }""", "%d")]
    [InlineData("""{ "model": { "vision": { "filename": "vision.onnx" }, "embedding": { "filename": "embedding.onnx" }, "decoder": { "filename": "text.onnx", "inputs": { "past_key_names": "%s%d" } } } }""", "%d")]
    [InlineData("""{ "model": { "vision": { "filename": "vision.onnx" }, "embedding": { "filename": "embedding.onnx" }, "decoder": { "filename": "text.onnx", "outputs": { "logits": "scores" } } } }""", "output 'scores' is missing")]
    [InlineData("[", "genai_config.json: is no valid JSON")]
    public void A_genai_configuration_that_does_not_fit_is_refused(string config, string message)
    {
        GenAI("");
        _folder.Write("genai_config.json", config);
        Assert.Contains(message, Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vision_encoder", "vision tower is missing")]
    [InlineData("embed_tokens", "token embedding is missing")]
    [InlineData("decoder_model_merged", "onnx/decoder_model_merged.onnx nor onnx/decoder_model.onnx")]
    public void A_missing_graph_is_named(string stem, string message)
    {
        _folder.Copy(Fixture("internvl-llama"));
        File.Delete(Path.Combine(_folder.Path, $"onnx/{stem}.onnx"));
        Assert.Contains(message, Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_without_a_model_are_refused()
    {
        Assert.Contains("vision tower is missing", Refusal(), StringComparison.Ordinal);
        Assert.Contains("no such folder", Assert.Throws<ModelLoadException>(() => Find(Path.Combine(_folder.Path, "none"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vision_encoder")]
    [InlineData("embed_tokens")]
    [InlineData("decoder_model_merged")]
    public async Task Files_that_are_cut_short_garbage_or_too_new_are_named(string stem)
    {
        _folder.Copy(Fixture("internvl-llama"));
        string name = $"onnx/{stem}.onnx";
        byte[] whole = File.ReadAllBytes(Path.Combine(_folder.Path, name));
        _folder.Write(name, whole.AsSpan(0, whole.Length / 2));
        Assert.Contains(name, Refusal(), StringComparison.Ordinal);
        _folder.Write(name, "garbage");
        Assert.Contains(name, Refusal(), StringComparison.Ordinal);

        // The file ends with its operator set: field 8, two bytes: field 2, the number 17.
        Assert.Equal([(8 << 3) | 2, 2, 2 << 3, 17], whole[^4..]);
        whole[^1] = 99;
        _folder.Write(name, whole);
        string message = (await Assert.ThrowsAsync<ModelLoadException>(() => LoadAsync(Find(_folder.Path)))).Message;
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains("opset 99 of ai.onnx", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_different_models_are_refused()
    {
        _folder.Copy(Fixture("internvl-llama"));
        new TinyVisionLanguage(_folder).WriteVision();
        Assert.Contains("vision_encoder.onnx: 'image_features' is Float [-1, 4, 8], but its width must be that of 'inputs_embeds' of decoder_model_merged.onnx, 64", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_buffer_is_shared_only_where_every_layer_can()
    {
        Assert.True(Find(new TinyVisionLanguage(_folder) { Attentions = [0, 1] }.Write().Folder).DecoderSharesCache);
        Assert.False(Find(new TinyVisionLanguage(_folder) { Attentions = [0] }.Write().Folder).DecoderSharesCache);
        Assert.False(Find(new TinyVisionLanguage(_folder).Write().Folder).DecoderSharesCache);
    }

    [Theory]
    [InlineData("inputs_embeds", null, "the input 'inputs_embeds' is missing")]
    [InlineData("inputs_embeds", "f -1 -1 -1", "its last dimension, must be fixed")]
    [InlineData("inputs_embeds", "f -1 8", "must have 3 dimensions")]
    [InlineData("inputs_embeds", "i -1 -1 8", "must hold 32-bit or 16-bit floats")]
    [InlineData("inputs_embeds", "b -1 -1 8", "'inputs_embeds' is BFloat16")]
    [InlineData("attention_mask", null, "the input 'attention_mask' is missing")]
    [InlineData("attention_mask", "f -1 -1", "must hold Int64")]
    [InlineData("position_ids", "i -1 -1 -1 -1", "must have 2 or 3 dimensions")]
    [InlineData("past_key_values.1.key", null, "the input 'past_key_values.1.key' that belongs to it is missing")]
    [InlineData("past_key_values.1.value", null, "the input 'past_key_values.1.value' is missing")]
    [InlineData("past_key_values.1.value", "h -1 2 -1 4", "must have the type, heads and head size of 'past_key_values.0.key'")]
    [InlineData("past_key_values.1.key", "f -1 4 -1 4", "must have the type, heads and head size of 'past_key_values.0.key'")]
    [InlineData("past_key_values.0.key", "f -1 -1 -1 4", "the number of heads and their size")]
    [InlineData("past_key_values.0.key", "f -1 2 -1 -1", "the number of heads and their size")]
    public void A_decoder_that_breaks_the_contract_is_refused(string tensor, string? form, string message)
    {
        string refusal = Refusal(new TinyVisionLanguage(_folder) { Change = (tensor, form) }.Write().Folder);
        Assert.Contains(message, refusal, StringComparison.Ordinal);
        Assert.Contains("decoder_model_merged.onnx", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("logits", null, "the output 'logits' is missing")]
    [InlineData("present.0.key", null, "the output 'present.0.key' is missing")]
    [InlineData("present.1.value", "h -1 2 -1 4", "'present.1.value' is Float16 [-1, 2, -1, 4], but must hold Float")]
    [InlineData("pixel_values", "u -1 3 4 4", "'pixel_values' is UInt8")]
    [InlineData("pixel_values", "f -1 3 4", "must have 2 or 4 or 5 dimensions")]
    [InlineData("image_features", "f -1 4 9", "files belong to different models")]
    [InlineData("input_ids", "f -1 -1", "must hold Int64")]
    public void Graphs_that_break_the_contract_are_refused(string tensor, string? form, string message) =>
        Assert.Contains(message, Refusal(new TinyVisionLanguage(_folder) { Change = (tensor, form) }.Write().Folder), StringComparison.Ordinal);

    [Fact]
    public void An_input_that_nobody_would_give_is_refused()
    {
        VisionLanguageFiles files = Find(new TinyVisionLanguage(_folder) { Extra = "past_conv.0" }.Write().Folder);
        GraphSignature graph = GraphSignature.Of(files.Decoder);
        string message = Assert.Throws<ModelLoadException>(() => files.Names.Decoder.RequireNothingElse(graph)).Message;
        Assert.Contains("decoder_model_merged.onnx: 'past_conv.0'", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_only_onnx_runtime_finds_wrong_is_told_in_its_words_with_the_file()
    {
        VisionLanguageFiles files = Find(new TinyVisionLanguage(_folder).Write().Folder); // nothing computes its outputs
        string message = (await Assert.ThrowsAsync<ModelLoadException>(() => LoadAsync(files))).Message;
        Assert.Contains($"vision_encoder.onnx: ONNX Runtime {OnnxRuntime.Version} can't load it. [ErrorCode:", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_provider_that_decides_on_files_is_one_that_this_machine_has()
    {
        var nowhere = new ExecutionProvider("nowhere", "NowhereExecutionProvider", "SafeVision.Nowhere");
        Assert.Equal(ExecutionProvider.Cpu, VisionLanguageFileOptions.For(new ExecutionOptions { Providers = [nowhere, ExecutionProvider.Cpu] }).Provider);
        Assert.Equal(ExecutionProvider.Cpu, VisionLanguageFileOptions.For(new ExecutionOptions { Providers = [nowhere] }).Provider);
    }

    private string GenAI(string model)
    {
        string onnx = Path.Combine(Fixture("internvl-llama"), "onnx");
        _folder.Write("text.onnx", File.ReadAllBytes(Path.Combine(onnx, "decoder_model_merged.onnx")));
        _folder.Write("embedding.onnx", File.ReadAllBytes(Path.Combine(onnx, "embed_tokens.onnx")));
        _folder.Write("vision.onnx", File.ReadAllBytes(Path.Combine(onnx, "vision_encoder.onnx")));
        _folder.Write("genai_config.json", $$"""{ "model": { {{model}} } }""");
        return _folder.Path;
    }

    private string Refusal(string? folder = null) => Assert.Throws<ModelLoadException>(() => Find(folder ?? _folder.Path)).Message;

    private static VisionLanguageFiles Find(string folder) => VisionLanguageFiles.Find(folder, new VisionLanguageFileOptions());

    private Task<VisionLanguageSessions> LoadAsync(VisionLanguageFiles files) => VisionLanguageSessions.LoadAsync(files, _sessions, new ExecutionOptions());

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures/vlm/onnx", name);

    public void Dispose()
    {
        _sessions.Dispose();
        _folder.Dispose();
    }
}

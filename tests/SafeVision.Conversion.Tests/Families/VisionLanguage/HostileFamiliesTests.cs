using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>Configurations that do not fit their weights, and preprocessing that is not the family's.</summary>
public sealed class HostileFamiliesTests
{
    [Theory]
    [InlineData("smolvlm-tiny", "\"scale_factor\": 2", "\"scale_factor\": 3", "joined 3 by 3")]
    [InlineData("smolvlm-tiny", "\"patch_size\": 14", "\"patch_size\": 13", "patches of 13")]
    [InlineData("smolvlm-tiny", "\"hidden_act\": \"gelu_pytorch_tanh\"", "\"hidden_act\": \"mish\"", "'mish' is not known")]
    [InlineData("smolvlm-tiny", "\"model_type\": \"llama\"", "\"model_type\": \"mamba\"", "the language model 'mamba' is not known")]
    [InlineData("smolvlm-tiny", "\"num_attention_heads\": 2", "\"num_attention_heads\": 3", "among 3 heads")]
    [InlineData("qwen2vl-tiny", "\"num_heads\": 2", "\"num_heads\": 16", "multiple of 4")]
    [InlineData("qwen2vl-tiny", "\"mlp_ratio\": 2", "\"mlp_ratio\": -2", "mlp_ratio")]
    [InlineData("qwen2vl-tiny", "\"depth\": 2", "\"depth\": 3", "visual.blocks.2")]
    [InlineData("qwen2vl-tiny", "\"spatial_merge_size\": 2", "\"spatial_merge_size\": 3", "merger.mlp.0.weight")]
    [InlineData("qwen2vl-tiny", "      2,\n      3,\n      3\n", "      2,\n      3,\n      4\n", "mrope_section")]
    [InlineData("qwen2vl-tiny", "      2,\n      3,\n      3\n", "      -2,\n      7,\n      3\n", "mrope_section")]
    [InlineData("qwen2vl-tiny", "\"rope_scaling\": {", "\"other\": {", "rope_parameters")]
    public Task A_configuration_that_does_not_fit_is_refused_by_name(string checkpoint, string part, string replacement, string message) =>
        Fixture.RefusesConfigAsync($"vlm/{checkpoint}", part, replacement, message);

    [Theory]
    [InlineData("gemma3-tiny", "mm_tokens_per_image", "15", "'mm_tokens_per_image' is 15")]
    [InlineData("gemma3-tiny", "text_config.layer_types", "[\"sliding_attention\"]", "a kind for each of the 7 layers")]
    [InlineData("gemma3-tiny", "text_config.layer_types", "[\"linear_attention\"]", "sliding_attention or full_attention")]
    [InlineData("gemma3-tiny", "text_config.use_bidirectional_attention", "true", "encodes texts")]
    [InlineData("gemma3-tiny", "text_config.final_logit_softcapping", "-1", "above 0")]
    [InlineData("gemma3-tiny", "text_config.query_pre_attn_scalar", "0", "above 0")]
    [InlineData("gemma3-tiny", "text_config.sliding_window", "0", "'text_config.sliding_window' is 0")]
    [InlineData("gemma3-tiny", "text_config.num_key_value_heads", "3", "share keys and values evenly")]
    [InlineData("gemma3-tiny", "text_config.hidden_activation", "\"tanhshrink\"", "'tanhshrink'")]
    [InlineData("gemma3-tiny", "vision_config.num_hidden_layers", "3", "layers.2")]
    [InlineData("mistral3-tiny", "vision_config.num_attention_heads", "3", "among 3 heads")]
    [InlineData("mistral3-tiny", "vision_config.num_attention_heads", "16", "multiple of 4")]
    [InlineData("mistral3-tiny", "projector_hidden_act", "\"relu\"", "projector_hidden_act' is \"relu\"")]
    [InlineData("mistral3-tiny", "spatial_merge_size", "3", "merging_layer.weight")]
    [InlineData("mistral3-tiny", "multimodal_projector_bias", "true", "linear_1.bias")]
    [InlineData("mistral3-tiny", "text_config.hidden_act", "\"relu\"", "expected silu")]
    [InlineData("mistral3-tiny", "text_config.rope_parameters.original_max_position_embeddings", "0", "original_max_position_embeddings' is 0")]
    public async Task A_setting_that_does_not_fit_is_refused_by_name(string checkpoint, string path, string value, string message)
    {
        using var folder = new TemporaryFolder();
        Fixture.Edit(Path.Combine(Fixture.WithConfig($"vlm/{checkpoint}", "config.json", folder), "config.json"), json => Fixture.Set(json, path, value));
        await Fixture.RefusesAsync(folder, message);
    }

    [Theory]
    [InlineData("gemma3-tiny", "config.json", "mm_tokens_per_image", "15", "square number")]
    [InlineData("gemma3-tiny", "config.json", "mm_tokens_per_image", "25", "image_seq_length")]
    [InlineData("gemma3-tiny", "config.json", "vision_config.image_size", "98", "98")]
    [InlineData("gemma3-tiny", "preprocessor_config.json", "size.height", "0", "size.height")]
    [InlineData("gemma3-tiny", "preprocessor_config.json", "do_resize", "false", "do_resize")]
    [InlineData("gemma3-tiny", "preprocessor_config.json", "pan_and_scan_max_num_crops", "65", "pan_and_scan_max_num_crops")]
    [InlineData("gemma3-tiny", "preprocessor_config.json", "pan_and_scan_min_crop_size", "0", "pan_and_scan_min_crop_size")]
    [InlineData("mistral3-tiny", "processor_config.json", "patch_size", "16", "'patch_size' is 16; expected 14")]
    [InlineData("mistral3-tiny", "processor_config.json", "spatial_merge_size", "1", "'spatial_merge_size' is 1; expected 2")]
    [InlineData("mistral3-tiny", "preprocessor_config.json", "size.longest_edge", "16000", "1 to 16384 image tokens")]
    [InlineData("mistral3-tiny", "preprocessor_config.json", "do_resize", "false", "'do_resize' is false")]
    public void Preprocessing_that_does_not_fit_is_refused_by_file_and_key(string checkpoint, string file, string path, string value, string message)
    {
        using var folder = new TemporaryFolder();
        string source = Fixture.WithConfig($"vlm/{checkpoint}", "config.json", folder);
        if (checkpoint == "gemma3-tiny")
        {
            Fixture.Edit(Path.Combine(source, "preprocessor_config.json"), json => json["do_pan_and_scan"] = true);
        }

        Fixture.Edit(Path.Combine(source, file), json => Fixture.Set(json, path, value));
        TextTokenizer tokenizer = TextTokenizer.Open(source);
        Assert.Contains(message, Assert.Throws<ModelLoadException>(() => VisionLanguageFamilies.Read(ModelConfiguration.Open(source), tokenizer)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2048, 14)]
    [InlineData(4096, 1)]
    [InlineData(14, 28)]
    public void An_image_in_uneven_or_endlessly_many_patches_is_refused(int image, int patch) =>
        Assert.Contains("config.json", Assert.Throws<CheckpointException>(() => PatchEmbedding.Grid(image, patch, "config.json")).Message, StringComparison.Ordinal);
}

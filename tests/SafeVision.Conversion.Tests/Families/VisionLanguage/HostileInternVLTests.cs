using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Tests.Checkpoints;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>Checkpoints as an attacker, a half-finished copy or another architecture would leave them.</summary>
public sealed class HostileInternVLTests
{
    private const string Original = "internvl-internlm2-orig";
    private const string Transformers = "internvl-llama-hf";

    [Theory]
    [InlineData(Original, "\"model_type\": \"internlm2\"", "\"model_type\": \"mamba\"", "the language model 'mamba' is not known; these are: gemma3_text, internlm2")]
    [InlineData(Original, "\"hidden_act\": \"silu\"", "\"hidden_act\": \"relu\"", "expected silu, the only one")]
    [InlineData(Original, "\"ps_version\": \"v2\"", "\"ps_version\": \"v3\"", "ps_version")]
    [InlineData(Original, "\"downsample_ratio\": 0.5", "\"downsample_ratio\": 0.3", "downsample_ratio")]
    [InlineData(Original, "\"downsample_ratio\": 0.5", "\"downsample_ratio\": 0", "downsample_ratio")]
    [InlineData(Original, "\"downsample_ratio\": 0.5", "\"downsample_ratio\": 1e-300", "downsample_ratio")]
    [InlineData(Original, "\"force_image_size\": 56", "\"force_image_size\": 70", "force_image_size")]
    [InlineData(Original, "\"select_layer\": -1", "\"select_layer\": -4", "select_layer")]
    [InlineData(Original, "\"select_layer\": -1", "\"select_layer\": \"all\"", "select_layer")]
    [InlineData(Original, "\"bias\": false", "\"bias\": true", "wqkv.bias")]
    [InlineData(Original, "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "share keys and values evenly")]
    [InlineData(Original, "\"num_attention_heads\": 4", "\"num_attention_heads\": 2000000000", "num_attention_heads")]
    [InlineData(Original, "\"num_attention_heads\": 3", "\"num_attention_heads\": 5", "48 numbers")]
    [InlineData(Original, "\"num_hidden_layers\": 2,\n    \"num_key", "\"num_hidden_layers\": 3,\n    \"num_key", "layers.2")]
    [InlineData(Original, "\"intermediate_size\": 128", "\"intermediate_size\": 127", "feed_forward.w1.weight")]
    [InlineData(Original, "\"vocab_size\": 672", "\"vocab_size\": 673", "tok_embeddings.weight")]
    [InlineData(Original, "\"patch_size\": 14", "\"patch_size\": 15", "patches of 15")]
    [InlineData(Original, "\"patch_size\": 14", "\"patch_size\": 0", "patch_size")]
    [InlineData(Original, "\"rope_theta\": 1000000.0", "\"rope_theta\": 0", "rope_theta")]
    [InlineData(Original, "\"type\": \"dynamic\"", "\"type\": \"magic\"", "is \"magic\"; expected default, dynamic")]
    [InlineData(Original, "\"qkv_bias\": true", "\"qkv_bias\": 1", "qkv_bias")]
    [InlineData(Original, "\"norm_type\": \"layer_norm\"", "\"norm_type\": \"batch_norm\"", "batch_norm")]
    [InlineData(Original, "\"hidden_act\": \"gelu\"", "\"hidden_act\": \"mish\"", "mish")]
    [InlineData(Original, "\"llm_config\": {", "\"other_config\": {", "the language model 'internvl_chat' is not known")]
    [InlineData(Original, "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": \"no\"", "tie_word_embeddings")]
    [InlineData(Transformers, "\"projector_hidden_act\": \"gelu\"", "\"projector_hidden_act\": \"relu\"", "projector_hidden_act")]
    [InlineData(Transformers, "\"vision_feature_select_strategy\": \"default\"", "\"vision_feature_select_strategy\": \"full\"", "vision_feature_select_strategy")]
    [InlineData(Transformers, "\"use_mean_pooling\": true", "\"use_mean_pooling\": false", "vision_tower.layernorm")]
    [InlineData(Transformers, "\"attention_bias\": false", "\"attention_bias\": true", "q_proj.bias")]
    [InlineData(Transformers, "\"head_dim\": 16", "\"head_dim\": 15", "heads of an even size")]
    [InlineData(Transformers, "\"num_channels\": 3", "\"num_channels\": 4", "num_channels is 4")]
    [InlineData(Transformers, "\"model_type\": \"internvl\"", "\"model_type\": \"blip\"", "these families are known: efficientnet-lite, vit-classifier, siglip-classifier, convnext-classifier, clip, siglip, internvl, smolvlm, qwen2-vl, qwen3-vl")]
    public Task A_configuration_that_does_not_fit_is_refused_by_name(string checkpoint, string part, string replacement, string message) =>
        Fixture.RefusesConfigAsync($"vlm/{checkpoint}", part, replacement, message);

    [Theory]
    [InlineData("vision_tower.encoder.layer.1.mlp.fc2.weight")]
    [InlineData("language_model.lm_head.weight")]
    [InlineData("language_model.model.norm.weight")]
    [InlineData("vision_tower.embeddings.position_embeddings")]
    public async Task A_weight_that_is_no_number_or_is_missing_or_of_no_use_is_named(string name)
    {
        using var folder = new TemporaryFolder();
        Fixture.WithConfig($"vlm/{Transformers}", "config.json", folder);
        List<(string Name, int[] Shape, float[] Values)> tensors = Tensors(Transformers);
        int place = tensors.FindIndex(tensor => tensor.Name == name);
        (_, int[] shape, float[] values) = tensors[place];

        values[^1] = float.NaN;
        Write(tensors);
        await Fixture.RefusesAsync(folder, "holds NaN");

        tensors[place] = (name, [.. shape, 1], values);
        Write(tensors);
        await Fixture.RefusesAsync(folder, name);

        tensors.RemoveAt(place);
        Write(tensors);
        await Fixture.RefusesAsync(folder, SafeVision.VisionLanguage.Families.VisionLanguageFamily.Find("internvl")!.NameOf(name));

        void Write(List<(string, int[], float[])> all) => File.WriteAllBytes(folder.PathOf("source/model.safetensors"), SafetensorsBytes.Create(all));
    }

    [Fact]
    public async Task A_pickle_is_refused_with_what_makes_safetensors_of_it()
    {
        using var folder = new TemporaryFolder();
        Fixture.WithConfig($"vlm/{Transformers}", "config.json", folder);
        File.Move(folder.PathOf("source/model.safetensors"), folder.PathOf("source/pytorch_model.bin"));
        await Fixture.RefusesAsync(folder, "safetensors.torch");
    }

    [Theory]
    [InlineData("int3", "grouped", "int3")]
    [InlineData("float32", "flash", "grouped, standard")]
    public async Task An_unknown_precision_or_attention_is_refused_before_anything_is_written(string precision, string attention, string message)
    {
        using var folder = new TemporaryFolder();
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(
            new ConversionOptions { Source = Fixture.PathOf($"vlm/{Transformers}"), Destination = folder.PathOf("model"), Precision = precision, Attention = attention }));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Root));
    }

    private static List<(string Name, int[] Shape, float[] Values)> Tensors(string checkpoint)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixture.PathOf($"vlm/{checkpoint}/model.safetensors"));
        return [.. file.Tensors.Select(tensor => (tensor.Key, tensor.Value.Shape.ToArray(), tensor.Value.ToSingle()))];
    }
}

using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>Configurations of SmolVLM and Qwen2-VL that do not fit their weights.</summary>
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
    public void A_configuration_that_does_not_fit_is_refused_by_name(string checkpoint, string part, string replacement, string message)
    {
        using var folder = new TemporaryFolder();
        foreach (string path in Directory.EnumerateFiles(Fixture.PathOf($"vlm/{checkpoint}")))
        {
            File.Copy(path, folder.PathOf(Path.GetFileName(path)));
        }

        string config = File.ReadAllText(folder.PathOf("config.json"));
        Assert.Contains(part, config, StringComparison.Ordinal);
        File.WriteAllText(folder.PathOf("config.json"), config.Replace(part, replacement, StringComparison.Ordinal));
        IVisionLanguageFamily family = checkpoint.StartsWith("smol", StringComparison.Ordinal) ? new SmolVLM() : new Qwen2VL();
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => family.Read(folder.Root)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2048, 14)]
    [InlineData(4096, 1)]
    [InlineData(14, 28)]
    public void An_image_in_uneven_or_endlessly_many_patches_is_refused(int image, int patch) =>
        Assert.Contains("config.json", Assert.Throws<CheckpointException>(() => PatchEmbedding.Grid(image, patch, "config.json")).Message, StringComparison.Ordinal);
}

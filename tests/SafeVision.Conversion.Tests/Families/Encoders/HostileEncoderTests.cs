namespace SafeVision.Conversion.Tests.Families.Encoders;

/// <summary>Checkpoints that are damaged, or ask for what is not known.</summary>
public sealed class HostileEncoderTests
{
    [Theory]
    [InlineData("classifiers/tiny-vit", "num_attention_heads", "5", "5 heads")]
    [InlineData("classifiers/tiny-vit", "hidden_act", "\"mish\"", "the activation 'mish' is not known")]
    [InlineData("classifiers/tiny-vit", "patch_size", "33", "0 patches")]
    [InlineData("classifiers/tiny-vit", "patch_size", "16", "'vit.embeddings.position_embeddings'")]
    [InlineData("classifiers/tiny-vit", "image_size", "[32, 64]", "expected one whole number from 1 to 2048")]
    [InlineData("classifiers/tiny-vit", "image_size", "33", "makes images of 32 pixels")]
    [InlineData("classifiers/tiny-vit", "image_size", "1000000000", "'image_size' is 1000000000; expected a whole number")]
    [InlineData("classifiers/tiny-vit", "num_channels", "1", "num_channels is 1")]
    [InlineData("classifiers/tiny-vit", "num_hidden_layers", "3", "'vit.encoder.layer.2.")]
    [InlineData("classifiers/tiny-vit", "layer_norm_eps", "0", "'layer_norm_eps' is 0; expected a number above 0")]
    [InlineData("classifiers/tiny-vit", "problem_type", "\"multi_label_classification\"", "only a classifier of one label an image")]
    [InlineData("classifiers/tiny-vit", "id2label", "{\"0\": \"only\"}", "'classifier.weight' has the shape [2, 48]")]
    [InlineData("classifiers/tiny-vit", "id2label", "{\"0\": \"a\", \"2\": \"b\"}", "id2label")]
    [InlineData("classifiers/tiny-convnext", "depths", "[1, 2]", "expected 3 whole numbers")]
    [InlineData("classifiers/tiny-convnext", "hidden_sizes", "[16, 32, -1]", "'hidden_sizes[2]' is -1")]
    [InlineData("contrastive/tiny-siglip", "model_type", "\"siglip2\"", "the NaFlex variant")]
    [InlineData("contrastive/tiny-clip", "projection_dim", "23", "'visual_projection.weight'")]
    [InlineData("contrastive/tiny-clip", "text_config", "7", "'text_config' is 7; expected an object")]
    public Task A_configuration_that_does_not_fit_is_refused_by_name(string checkpoint, string key, string value, string expected) =>
        RefusesAsync(checkpoint, "config.json", key, value, expected);

    [Theory]
    [InlineData("classifiers/tiny-vit", "size", "{\"height\": 32, \"width\": 48}", "is 48 by 32")]
    [InlineData("classifiers/tiny-vit", "do_resize", "false", "do_resize is false")]
    [InlineData("classifiers/tiny-vit", "resample", "9", "'resample' is 9; expected a whole number")]
    [InlineData("classifiers/tiny-vit", "image_std", "[0, 1, 1]", "std[0] is 0")]
    [InlineData("classifiers/tiny-vit", "image_mean", "\"grey\"", "'image_mean' is \"grey\"; expected a number")]
    [InlineData("contrastive/tiny-clip", "do_center_crop", "false", "needs a crop")]
    [InlineData("contrastive/tiny-clip", "crop_size", "64", "crop is 64")]
    [InlineData("classifiers/tiny-convnext", "crop_pct", "0.001", "crop_pct is 0.001")]
    public Task Images_prepared_in_an_unknown_way_are_refused(string checkpoint, string key, string value, string expected) =>
        RefusesAsync(checkpoint, "preprocessor_config.json", key, value, expected);

    [Theory]
    [InlineData("vit-classifier", float.NaN, "float32")]
    [InlineData("siglip-classifier", float.PositiveInfinity, "int8")]
    [InlineData("convnext-classifier", float.NaN, "int4")]
    [InlineData("clip", float.NaN, "float16")]
    [InlineData("siglip", float.NegativeInfinity, "int4")]
    public async Task A_number_that_is_none_is_found_wherever_it_is(string family, float number, string precision)
    {
        for (int round = 0; round < 6; round++)
        {
            using var folder = new TemporaryFolder();
            RandomEncoder checkpoint = RandomEncoder.Create(family, round);
            var tensors = checkpoint.Tensors.Where(tensor => !tensor.Name.Contains("pooler", StringComparison.Ordinal) && !(family == "siglip-classifier" && tensor.Name.Contains(".head.", StringComparison.Ordinal))).ToList();
            float[] values = tensors[((round * 7) + 3) % tensors.Count].Values;
            values[values.Length / 2] = number;
            checkpoint.Write(folder.PathOf("source"));
            await Fixture.RefusesAsync(folder, "", precision);
        }
    }

    [Fact]
    public async Task Two_tensors_that_could_both_be_meant_are_refused()
    {
        using var folder = new TemporaryFolder();
        RandomEncoder checkpoint = RandomEncoder.Create("vit-classifier", 2);
        (string name, int[] shape, float[] values) = checkpoint.Tensors.First(tensor => tensor.Name.EndsWith("cls_token", StringComparison.Ordinal));
        checkpoint.Tensors.Add(($"teacher.{name}", shape, values));
        checkpoint.Write(folder.PathOf("source"));
        await Fixture.RefusesAsync(folder, "can't be told which one");
    }

    [Fact]
    public async Task A_pickle_is_never_read()
    {
        using var folder = new TemporaryFolder();
        Fixture.WithConfig("classifiers/tiny-vit", "config.json", folder);
        File.Move(folder.PathOf("source/model.safetensors"), folder.PathOf("source/pytorch_model.bin"));
        await Fixture.RefusesAsync(folder, "this is a pickle");
    }

    private static async Task RefusesAsync(string checkpoint, string file, string key, string value, string expected)
    {
        using var folder = new TemporaryFolder();
        Fixture.Edit(Path.Combine(Fixture.WithConfig(checkpoint, "config.json", folder), file), json => Fixture.Set(json, key, value));
        await Fixture.RefusesAsync(folder, expected);
    }
}

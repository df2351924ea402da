using System.Text.Json;
using CsCheck;
using SafeVision.Imaging;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests.Families;

public sealed class Qwen2VlPreparationTests
{
    private const string Model = "qwen2vl-tiny";

    [Fact]
    public void Every_size_is_that_of_the_reference()
    {
        foreach (JsonElement row in GoldenTensors.Json($"vlm/{Model}/smart-resize.json").GetProperty("rows").EnumerateArray())
        {
            int[] values = [.. row.EnumerateArray().Select(value => value.GetInt32())];
            using ConfigurationFolder folder = Sized(values[2], values[3]);

            Assert.Equal((values[4], values[5]), Qwen2Vl.Images(folder.Read()).Resized(values[0], values[1]));
        }
    }

    [Fact]
    public void Pixels_grids_and_prompts_are_those_of_the_goldens()
    {
        Qwen2VlPreparation preparation = Qwen2Vl.Images(ConfigurationFolder.Open(Model));
        JsonElement facts = GoldenTensors.Json($"vlm/{Model}/goldens.json");
        foreach (string golden in (string[])["multi", "batch"])
        {
            float[] expected = GoldenTensors.SafeTensors($"vlm/{Model}/goldens.safetensors", $"{golden}.pixel_values").Values; // [patches, 1176]
            long[] grids = GoldenTensors.SafeTensorsInt64($"vlm/{Model}/goldens.safetensors", $"{golden}.image_grid_thw").Values;
            string prompts = string.Concat(facts.GetProperty("cases").GetProperty(golden).GetProperty("prompt_text").EnumerateArray().Select(prompt => prompt.GetString()));
            int done = 0, read = 0;
            foreach ((int index, JsonElement picture) in facts.GetProperty("pictures").GetProperty(golden).EnumerateArray().Index())
            {
                ImageFrame frame = RawPictures.Open(picture.GetString()!);
                ImagePlan plan = preparation.Plan(frame.Width, frame.Height);
                float[] pixels = PreparedPixels.Of(preparation, frame);

                PreparedPixels.AssertClose(expected.AsSpan(done, pixels.Length), pixels);
                done += pixels.Length;
                ImageInput grid = Assert.Single(plan.Inputs);
                Assert.Equal(["image_grid_thw", "grid_thw"], grid.Names);
                Assert.Equal([1, 3], grid.Shape);
                Assert.Equal(grids.AsSpan(index * 3, 3).ToArray(), grid.Values);
                string framed = $"<|vision_start|>{plan.Text}<|vision_end|>";
                int found = prompts.IndexOf(framed, read, StringComparison.Ordinal);
                Assert.InRange(found, read, int.MaxValue);
                read = found + framed.Length;
            }

            Assert.Equal(expected.Length, done);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 20_000)]
    [InlineData(20_000, 1)]
    [InlineData(250, 3)]
    public void Pictures_of_extreme_sizes_are_resized_like_any_other(int width, int height)
    {
        Qwen2VlPreparation preparation = Qwen2Vl.Images(ConfigurationFolder.Open(Model));
        Assert.InRange(preparation.Plan(width, height).Tokens, 1, preparation.MaximumTokens);
        Assert.All(PreparedPixels.Of(preparation, RawPictures.Noise(width, height)), value => Assert.InRange(value, -2f, 3f));
    }

    [Fact]
    public void No_picture_takes_more_tokens_than_the_most_and_its_tokens_cover_it() =>
        Gen.Select(Gen.Int[1, 5000], Gen.Int[1, 5000], Gen.Int[1, 40_000], Gen.Int[0, 900_000]).Sample((width, height, least, more) =>
        {
            using ConfigurationFolder folder = Sized(least, Math.Max(least + more, 784));
            Qwen2VlPreparation preparation = Qwen2Vl.Images(folder.Read());
            ImagePlan plan = preparation.Plan(width, height);

            Assert.InRange(plan.Tokens, 1, preparation.MaximumTokens);
            Assert.Equal(plan.Tokens * 4, plan.PixelShape[0]);
            Assert.Equal(plan.Tokens, plan.Regions.Count);
            TokenRegions.AssertCover(plan.Regions);
        }, iter: 100, threads: 1);

    [Fact]
    public void The_published_settings_are_taken_and_give_at_most_16384_tokens()
    {
        using ConfigurationFolder folder = Sized(3136, 12_845_056);
        Assert.Equal(16_384, Qwen2Vl.Images(folder.Read()).MaximumTokens);
    }

    [Theory]
    [InlineData("min_pixels", "0")]
    [InlineData("max_pixels", "100")]
    [InlineData("max_pixels", "60000000")]
    [InlineData("patch_size", "-14")]
    [InlineData("merge_size", "1000")]
    [InlineData("temporal_patch_size", "0")]
    [InlineData("do_resize", "false")]
    [InlineData("image_std", "[0, 1, 1]")]
    public void Absurd_settings_are_refused_by_file_and_key(string key, string value) =>
        Assert.Contains(key, ConfigurationFolder.Refusal(Model, "preprocessor_config.json", key, value, configuration => Qwen2Vl.Images(configuration)), StringComparison.Ordinal);

    private static ConfigurationFolder Sized(int least, int most) => new ConfigurationFolder(Model)
        .Set("preprocessor_config.json", "min_pixels", $"{least}").Set("preprocessor_config.json", "max_pixels", $"{most}");
}

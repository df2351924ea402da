using System.Text.Json;
using CsCheck;
using SafeVision.Imaging;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests.Families;

public sealed class Idefics3PreparationTests
{
    private const string Model = "smolvlm-tiny";

    [Fact]
    public void Pixels_masks_and_prompts_are_those_of_the_goldens()
    {
        JsonElement facts = GoldenTensors.Json($"vlm/{Model}/goldens.json");
        int compared = 0;
        foreach (JsonProperty golden in facts.GetProperty("pictures").EnumerateObject().Where(golden => golden.Name != "text"))
        {
            bool isSplit = facts.GetProperty("do_image_splitting").GetProperty(golden.Name).GetBoolean();
            using ConfigurationFolder folder = new ConfigurationFolder(Model).Set("preprocessor_config.json", "do_image_splitting", isSplit ? "true" : "false");
            Idefics3Preparation preparation = Idefics3.Images(folder.Read(), PreparationOptions.Default);
            (int[] shape, float[] expected) = GoldenTensors.SafeTensors($"vlm/{Model}/goldens.safetensors", $"{golden.Name}.pixel_values"); // [rows, tiles, 3, side, side]
            byte[] mask = GoldenTensors.SafeTensorsBytes($"vlm/{Model}/goldens.safetensors", $"{golden.Name}.pixel_attention_mask").Values;
            int row = expected.Length / shape[0], maskRow = mask.Length / shape[0];
            foreach ((int index, JsonElement pictures) in golden.Value.EnumerateArray().Index())
            {
                ImageFrame frame = RawPictures.Open(pictures[0].GetString()!);
                ImagePlan plan = preparation.Plan(frame.Width, frame.Height);
                float[] pixels = PreparedPixels.Of(preparation, frame);
                PreparedPixels.AssertClose(expected.AsSpan(index * row, pixels.Length), pixels);

                ImageInput input = Assert.Single(plan.Inputs);
                Assert.Equal("pixel_attention_mask", input.Names[0]);
                Assert.Equal([1, plan.PixelShape[1], shape[3], shape[4]], input.Shape);
                Assert.Equal([1], input.Values);
                int real = (int)input.Shape.Aggregate((product, size) => product * size);
                Assert.All(mask.AsSpan(index * maskRow, real).ToArray(), value => Assert.Equal(1, value));
                Assert.All(mask.AsSpan((index * maskRow) + real, maskRow - real).ToArray(), value => Assert.Equal(0, value));

                JsonElement golds = facts.GetProperty("cases").GetProperty(golden.Name);
                Assert.Contains($"User:{plan.Text}", golds.GetProperty("prompt_text")[index].GetString()!, StringComparison.Ordinal);
                int rows = golds.GetProperty("rows_cols")[index][0][0].GetInt32(), columns = golds.GetProperty("rows_cols")[index][1][0].GetInt32();
                Assert.Equal((rows * columns) + 1, plan.PixelShape[1]);
                Assert.Equal(rows, plan.Text.Split("_col_1>").Length - 1);
                compared++;
            }
        }

        Assert.Equal(4, compared);
    }

    [Theory]
    [InlineData(2048, 512, 16, 4, 64)]
    [InlineData(1536, 384, 14, 3, 81)]
    [InlineData(1456, 364, 14, 2, 169)]
    public void The_published_settings_give_at_most_seventeen_tiles_of_as_many_tokens_as_published(int longest, int side, int patch, int factor, int tokens)
    {
        using ConfigurationFolder folder = Sized(longest, side, patch, factor);
        File.WriteAllText(Path.Combine(folder.Folder, "processor_config.json"), $$"""{ "image_seq_len": {{tokens}} }""");
        Idefics3Preparation preparation = Idefics3.Images(folder.Read(), PreparationOptions.Default);
        Assert.Equal(17 * tokens, preparation.Plan(3000, 3000).Tokens);
        Assert.Equal(5 * tokens, preparation.Plan(3000, 700).Tokens);
        Assert.Equal(17 * tokens, preparation.MaximumTokens);
    }

    [Theory]
    [InlineData(16, 17)]
    [InlineData(9, 10)]
    [InlineData(5, 5)]
    [InlineData(4, 5)]
    [InlineData(3, 1)]
    [InlineData(1, 1)]
    public void A_host_may_ask_for_fewer_tiles(int most, int tiles)
    {
        using ConfigurationFolder folder = Sized(2048, 512, 16, 4);
        Assert.Equal(tiles, Idefics3.Images(folder.Read(), new PreparationOptions { MaximumTiles = most }).Plan(900, 900).PixelShape[1]);
    }

    [Fact]
    public void The_tokens_of_the_tiles_cover_the_whole_picture_once_and_those_of_the_overview_once_more()
    {
        Idefics3Preparation preparation = Idefics3.Images(ConfigurationFolder.Open(Model), PreparationOptions.Default);
        Gen.Select(Gen.Int[1, 3000], Gen.Int[1, 3000]).Sample((width, height) =>
        {
            ImagePlan plan = preparation.Plan(width, height);
            int tiled = plan.Tokens - 4;
            Assert.Equal(plan.Tokens, plan.Regions.Count);
            Assert.Equal(plan.Tokens, plan.Text.Split("<image>").Length - 1);
            Assert.InRange(plan.Tokens, 4, preparation.MaximumTokens);
            TokenRegions.AssertCover(plan.Regions.Skip(tiled));
            if (tiled > 0)
            {
                TokenRegions.AssertCover(plan.Regions.Take(tiled));
            }
        }, iter: 200, threads: 1);
    }

    [Theory]
    [InlineData(1, 1, 5)]
    [InlineData(1, 20_000, 3)]
    [InlineData(20_000, 1, 3)]
    public void Pictures_of_extreme_sizes_are_split_like_any_other(int width, int height, int tiles)
    {
        Idefics3Preparation preparation = Idefics3.Images(ConfigurationFolder.Open(Model), PreparationOptions.Default);
        Assert.Equal(tiles, preparation.Plan(width, height).PixelShape[1]);
        Assert.All(PreparedPixels.Of(preparation, RawPictures.Noise(width, height)), value => Assert.InRange(value, -1f, 1f));
    }

    [Theory]
    [InlineData("preprocessor_config.json", "size.longest_edge", "-1")]
    [InlineData("preprocessor_config.json", "size.longest_edge", "4000")]
    [InlineData("preprocessor_config.json", "max_image_size.longest_edge", "0")]
    [InlineData("preprocessor_config.json", "do_resize", "false")]
    [InlineData("preprocessor_config.json", "image_std", "0")]
    [InlineData("config.json", "scale_factor", "3")]
    [InlineData("config.json", "vision_config.patch_size", "\"14\"")]
    public void Absurd_settings_are_refused_by_file_and_key(string file, string path, string value) =>
        Assert.Contains(
            path.Split('.')[^1],
            ConfigurationFolder.Refusal(Model, file, path, value, configuration => Idefics3.Images(configuration, PreparationOptions.Default)),
            StringComparison.Ordinal);

    private static ConfigurationFolder Sized(int longest, int side, int patch, int factor) => new ConfigurationFolder(Model)
        .Set("preprocessor_config.json", "size.longest_edge", $"{longest}").Set("preprocessor_config.json", "max_image_size.longest_edge", $"{side}")
        .Set("config.json", "vision_config.patch_size", $"{patch}").Set("config.json", "scale_factor", $"{factor}");
}

using System.Text.Json;
using CsCheck;
using SafeVision.Imaging;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests.Families;

public sealed class InternVlPreparationTests
{
    private const string Tensors = "vlm/preprocess/preprocess.safetensors";
    private static readonly ChannelTables s_bytes = new(1, ChannelValues.All(0), ChannelValues.All(1));
    private static readonly ChannelTables s_imageNet = new(1.0 / 255, new ChannelValues(0.485, 0.456, 0.406), new ChannelValues(0.229, 0.224, 0.225));

    [Fact]
    public void Every_grid_is_that_of_the_reference()
    {
        JsonElement[] rows = [.. GoldenTensors.Json("vlm/preprocess/grids.json").GetProperty("rows").EnumerateArray()];
        Assert.NotEmpty(rows);
        foreach (JsonElement row in rows)
        {
            int[] values = [.. row.EnumerateArray().Select(value => value.GetInt32())];
            InternVlPreparation bare = Create(values[0], values[3], thumbnail: false), preparation = Create(values[0], values[3], thumbnail: true);

            Assert.Equal((values[4], values[5]), preparation.Grid(values[1], values[2]));
            Assert.Equal(values[6], bare.Plan(values[1], values[2]).PixelShape[0]);
            Assert.Equal(values[7], preparation.Plan(values[1], values[2]).PixelShape[0]);
            Assert.InRange(preparation.Plan(values[1], values[2]).Tokens, 1, preparation.MaximumTokens);
        }
    }

    [Fact]
    public void Tiles_are_byte_for_byte_those_of_the_reference()
    {
        int compared = 0;
        foreach (JsonElement row in GoldenTensors.Json("vlm/preprocess/index.json").GetProperty("rows").EnumerateArray())
        {
            string key = row.GetProperty("key").GetString()!;
            ImageFrame frame = RawPictures.Open($"preprocess/{row.GetProperty("file").GetString()}");
            int side = row.GetProperty("image_size").GetInt32(), tiles = row.GetProperty("tiles").GetInt32();
            InternVlPreparation preparation = Create(side, row.GetProperty("max_num").GetInt32(), row.GetProperty("use_thumbnail").GetBoolean(), s_bytes);

            Assert.Equal((row.GetProperty("grid")[0].GetInt32(), row.GetProperty("grid")[1].GetInt32()), preparation.Grid(frame.Width, frame.Height));
            Assert.Equal([tiles, 3, side, side], preparation.Plan(frame.Width, frame.Height).PixelShape);
            if (key.EndsWith(".N.png", StringComparison.Ordinal))
            {
                byte[] written = Interleave(PreparedPixels.Of(preparation, frame), side);
                for (int tile = 0; tile < tiles; tile++)
                {
                    ImageFrame expected = RawPictures.Open($"preprocess/{key.Replace(".N.", $".{tile}.", StringComparison.Ordinal)}");
                    Assert.True(expected.Pixels.SequenceEqual(written.AsSpan(tile * side * side * 3, side * side * 3)), $"{key}, tile {tile}");
                    compared++;
                }
            }
            else if (!key.EndsWith(".nothumb", StringComparison.Ordinal))
            {
                Assert.True(GoldenTensors.SafeTensorsBytes(Tensors, $"{key}.tiles_uint8").Values.AsSpan().SequenceEqual(Interleave(PreparedPixels.Of(preparation, frame), side)), key);
                compared += tiles;
            }
        }

        Assert.InRange(compared, 20, int.MaxValue);
    }

    [Fact]
    public void Pixel_values_are_those_of_the_reference()
    {
        foreach (JsonElement row in GoldenTensors.Json("vlm/preprocess/index.json").GetProperty("rows").EnumerateArray())
        {
            if (!row.TryGetProperty("pixel_values_tiles", out JsonElement chosen) || chosen.GetArrayLength() == 0)
            {
                continue;
            }

            ImageFrame frame = RawPictures.Open($"preprocess/{row.GetProperty("file").GetString()}");
            int length = 3 * row.GetProperty("image_size").GetInt32() * row.GetProperty("image_size").GetInt32();
            float[] pixels = PreparedPixels.Of(Create(row.GetProperty("image_size").GetInt32(), row.GetProperty("max_num").GetInt32(), thumbnail: true, s_imageNet), frame);
            float[] expected = GoldenTensors.SafeTensors(Tensors, $"{row.GetProperty("key").GetString()}.pixel_values").Values;

            foreach ((int index, JsonElement tile) in chosen.EnumerateArray().Index())
            {
                PreparedPixels.AssertClose(expected.AsSpan(index * length, length), pixels.AsSpan(tile.GetInt32() * length, length));
            }
        }
    }

    [Theory]
    [InlineData("internvl-llama-hf", "internvl-llama-hf")]
    [InlineData("internvl-qwen2-hf", "internvl-qwen2-hf")]
    [InlineData("internvl-internlm2-orig", "internvl-llama-hf")]
    [InlineData("internvl-qwen2-orig", "internvl-qwen2-hf")]
    public void Both_layouts_give_the_pixels_and_the_prompts_of_the_goldens(string model, string goldens)
    {
        JsonElement facts = GoldenTensors.Json($"vlm/{goldens}/goldens.json");
        foreach (string golden in (string[])["multi", "batch"])
        {
            float[] expected = GoldenTensors.SafeTensors($"vlm/{goldens}/goldens.safetensors", $"{golden}.pixel_values").Values;
            int done = 0;
            foreach ((int index, JsonElement picture) in facts.GetProperty("pictures").GetProperty(golden).EnumerateArray().Index())
            {
                var options = new PreparationOptions { MaximumTiles = picture.GetProperty("max_num").GetInt32() };
                InternVlPreparation preparation = InternVl.Images(ConfigurationFolder.Open(model), options);
                ImageFrame frame = RawPictures.Open(picture.GetProperty("file").GetString()!);
                ImagePlan plan = preparation.Plan(frame.Width, frame.Height);
                float[] pixels = PreparedPixels.Of(preparation, frame);

                PreparedPixels.AssertClose(expected.AsSpan(done, pixels.Length), pixels);
                done += pixels.Length;
                string prompt = facts.GetProperty("cases").GetProperty(golden).GetProperty("prompt_text")[index].GetString()!;
                Assert.Contains($"user\n{plan.Text}\n", prompt, StringComparison.Ordinal);
                Assert.Equal(plan.Tokens, prompt.Split("<IMG_CONTEXT>").Length - 1);
            }

            Assert.Equal(expected.Length, done);
        }
    }

    [Fact]
    public void The_published_settings_give_256_tokens_a_tile_and_a_host_may_ask_for_fewer_tiles()
    {
        using ConfigurationFolder folder = new ConfigurationFolder("internvl-qwen2-orig")
            .Set("config.json", "force_image_size", "448").Set("config.json", "max_dynamic_patch", "12");

        InternVlPreparation preparation = InternVl.Images(folder.Read(), PreparationOptions.Default);
        Assert.Equal(13 * 256, preparation.Plan(4000, 3000).Tokens);
        Assert.Equal(13 * 256, preparation.MaximumTokens);
        Assert.Equal(3 * 448, preparation.ShortSide);

        InternVlPreparation fewer = InternVl.Images(folder.Read(), new PreparationOptions { MaximumTiles = 2 });
        Assert.Equal(3 * 256, fewer.Plan(4000, 2000).Tokens);
        Assert.Equal(256, fewer.Plan(4000, 3900).Tokens);
        Assert.Equal(3 * 256, fewer.MaximumTokens);
        Assert.Equal(256, InternVl.Images(folder.Read(), new PreparationOptions { MaximumTiles = 1 }).Plan(4000, 2000).Tokens);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 20_000)]
    [InlineData(20_000, 1)]
    [InlineData(3, 2)]
    public void Pictures_of_extreme_sizes_are_tiled_like_any_other(int width, int height)
    {
        InternVlPreparation preparation = Create(56, 12, thumbnail: true);
        ImageFrame frame = RawPictures.Noise(width, height);

        float[] pixels = PreparedPixels.Of(preparation, frame);

        (int columns, int rows) = preparation.Grid(width, height);
        Assert.Equal(Math.Sign(width - height), Math.Sign(columns - rows));
        Assert.All(pixels, value => Assert.InRange(value, 0f, 255f));
    }

    [Fact]
    public void The_tokens_of_the_tiles_cover_the_whole_picture_once_and_those_of_the_thumbnail_once_more() =>
        Gen.Select(Gen.Int[1, 5000], Gen.Int[1, 5000], Gen.Int[1, 24], Gen.Bool).Sample((width, height, most, thumbnail) =>
        {
            InternVlPreparation preparation = Create(56, most, thumbnail);
            ImagePlan plan = preparation.Plan(width, height);
            (int columns, int rows) = preparation.Grid(width, height);

            Assert.Equal(plan.Tokens, plan.Regions.Count);
            TokenRegions.AssertCover(plan.Regions.Take(columns * rows * 4));
            if (plan.Tokens > columns * rows * 4)
            {
                TokenRegions.AssertCover(plan.Regions.Skip(columns * rows * 4));
            }
        }, iter: 200, threads: 1);

    [Fact]
    public void Old_pixel_shuffle_turns_the_tokens_of_a_tile()
    {
        using ConfigurationFolder folder = new ConfigurationFolder("internvl-qwen2-orig").Set("config.json", "ps_version", "\"v1\"");
        IReadOnlyList<TokenRegion> old = InternVl.Images(folder.Read(), PreparationOptions.Default).Plan(56, 56).Regions;
        IReadOnlyList<TokenRegion> now = InternVl.Images(ConfigurationFolder.Open("internvl-qwen2-orig"), PreparationOptions.Default).Plan(56, 56).Regions;

        Assert.Equal(new TokenRegion(0.5f, 0, 1, 0.5f), now[1]);
        Assert.Equal(new TokenRegion(0, 0.5f, 0.5f, 1), old[1]);
    }

    [Theory]
    [InlineData("config.json", "force_image_size", "-448")]
    [InlineData("config.json", "force_image_size", "1000000")]
    [InlineData("config.json", "force_image_size", "[56, 112]")]
    [InlineData("config.json", "force_image_size", "\"large\"")]
    [InlineData("config.json", "max_dynamic_patch", "100000")]
    [InlineData("config.json", "max_dynamic_patch", "0")]
    [InlineData("config.json", "min_dynamic_patch", "7")]
    [InlineData("config.json", "downsample_ratio", "0")]
    [InlineData("config.json", "downsample_ratio", "0.3")]
    [InlineData("config.json", "vision_config.patch_size", "0")]
    [InlineData("preprocessor_config.json", "image_std", "[0.2, 0, 0.2]")]
    [InlineData("preprocessor_config.json", "image_mean", "[0.5, 0.5]")]
    [InlineData("preprocessor_config.json", "image_mean", "[1e300, 0.5, 0.5]")]
    [InlineData("preprocessor_config.json", "resample", "9")]
    [InlineData("preprocessor_config.json", "rescale_factor", "0")]
    public void Absurd_settings_of_the_original_layout_are_refused_by_file_and_key(string file, string path, string value) =>
        Assert.Contains(path, ConfigurationFolder.Refusal("internvl-qwen2-orig", file, path, value, Images), StringComparison.Ordinal);

    [Theory]
    [InlineData("preprocessor_config.json", "size.width", "112")]
    [InlineData("preprocessor_config.json", "size", "{}")]
    [InlineData("preprocessor_config.json", "max_patches", "65")]
    [InlineData("preprocessor_config.json", "min_patches", "-1")]
    [InlineData("processor_config.json", "image_seq_length", "5")]
    [InlineData("config.json", "image_seq_length", "256")]
    [InlineData("config.json", "vision_config.patch_size", "null")]
    public void Absurd_settings_of_the_transformers_layout_are_refused_by_file_and_key(string file, string path, string value) =>
        Assert.Contains(path, ConfigurationFolder.Refusal("internvl-qwen2-hf", file, path, value, Images), StringComparison.Ordinal);

    [Fact]
    public void Too_many_tokens_or_pixels_for_one_picture_are_refused()
    {
        using ConfigurationFolder tokens = new ConfigurationFolder("internvl-qwen2-orig")
            .Set("config.json", "force_image_size", "448").Set("config.json", "max_dynamic_patch", "64");
        Assert.Contains("image tokens, not 16640", Assert.Throws<SafeVision.Inference.ModelLoadException>(() => Images(tokens.Read())).Message, StringComparison.Ordinal);

        using ConfigurationFolder pixels = new ConfigurationFolder("internvl-qwen2-orig")
            .Set("config.json", "force_image_size", "2048").Set("config.json", "vision_config.patch_size", "512").Set("config.json", "max_dynamic_patch", "64");
        Assert.Contains("pixel values", Assert.Throws<SafeVision.Inference.ModelLoadException>(() => Images(pixels.Read())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_buffer_or_a_plan_of_another_picture_is_refused()
    {
        InternVlPreparation preparation = Create(56, 12, thumbnail: true);
        ImageFrame frame = RawPictures.Noise(64, 48);
        Assert.Throws<ArgumentException>(() => preparation.Write(frame, preparation.Plan(64, 48), new float[7]));
        ImagePlan other = preparation.Plan(10, 100);
        Assert.Throws<ArgumentException>(() => preparation.Write(frame, other, new float[other.PixelCount]));
    }

    private static InternVlPreparation Images(ModelConfiguration configuration) => InternVl.Images(configuration, PreparationOptions.Default);

    private static InternVlPreparation Create(int side, int most, bool thumbnail, ChannelTables? tables = null) => new(
        new InternVlTiling { Side = side, TokensOfSide = 2, MaximumTiles = most, HasThumbnail = thumbnail }, tables ?? s_bytes, ResampleFilter.Bicubic);

    /// <summary>Planes of bytes, kept as floats, to rows of pixels.</summary>
    private static byte[] Interleave(float[] tiles, int side)
    {
        int plane = side * side;
        byte[] bytes = new byte[tiles.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            (int tile, int rest) = Math.DivRem(i, 3 * plane);
            bytes[i] = (byte)tiles[(tile * 3 * plane) + (rest % 3 * plane) + (rest / 3)];
        }

        return bytes;
    }
}

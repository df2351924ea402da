using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafeVision.Imaging;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Templates;
using SafeVision.VisionLanguage.Tests.Families;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>Ids, prompts, sizes and pixels of the families, as the reference has them.</summary>
public sealed class FamilyGoldensTests
{
    [Theory]
    [InlineData("qwen2_5vl-tiny")]
    [InlineData("qwen2_5vl-resaved")]
    [InlineData("qwen3vl-tiny")]
    [InlineData("qwen3vl-untied-tiny")]
    [InlineData("qwen3_5-tiny")]
    [InlineData("internvl-qwen3-hf")]
    [InlineData("internvl-qwen3-orig")]
    [InlineData("mistral3-tiny")]
    [InlineData("gemma3-tiny")]
    [InlineData("gemma3-resaved", "gemma3-tiny")]
    [InlineData("shieldgemma2-tiny")]
    [InlineData("shieldgemma2-resaved", "shieldgemma2-tiny")]
    public void Golden_texts_have_the_ids_of_the_reference_and_back(string checkpoint, string? goldens = null)
    {
        TextTokenizer tokenizer = TextTokenizer.Open(Fixture.PathOf($"vlm/{checkpoint}"));
        JsonElement[] rows = [.. GoldenTensors.Json($"vlm/{goldens ?? checkpoint}/tokenizer-goldens.json").GetProperty("rows").EnumerateArray()];
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            string text = row.GetProperty("text").GetString()!;
            int[] ids = row.GetProperty("ids").Deserialize<int[]>()!;
            Assert.Equal(ids, tokenizer.Encode(text));
            if (row.TryGetProperty("ids_add_special", out JsonElement prompt))
            {
                Assert.Equal(prompt.Deserialize<int[]>()!, tokenizer.EncodePrompt(text));
            }

            foreach ((string column, bool skipSpecial) in new[] { ("decoded", false), ("decoded_skip_special", true) })
            {
                if (row.TryGetProperty(column, out JsonElement decoded))
                {
                    Assert.Equal(decoded.GetString(), tokenizer.Decode(ids, skipSpecial));
                }
            }
        });
    }

    [Theory]
    [InlineData("qwen2_5vl-tiny")]
    [InlineData("qwen2_5vl-resaved")]
    [InlineData("qwen3vl-tiny")]
    [InlineData("qwen3vl-untied-tiny")]
    public void The_template_of_a_folder_writes_the_prompts_of_the_reference_with_every_variable(string checkpoint)
    {
        string folder = Fixture.PathOf($"vlm/{checkpoint}"), plain = Path.Combine(folder, "chat_template.jinja");
        string text = File.Exists(plain) ? File.ReadAllText(plain) : JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "chat_template.json")))!["chat_template"]!.GetValue<string>();
        var template = Template.Parse(text, new TemplateSource(checkpoint));
        TextTokenizer tokenizer = TextTokenizer.Open(folder);
        foreach (JsonElement row in GoldenTensors.Json($"vlm/{checkpoint}/prompts.json").GetProperty("rows").EnumerateArray())
        {
            var variables = new TemplateMap { ["messages"] = Value(row.GetProperty("messages")), ["add_generation_prompt"] = true };
            foreach (JsonProperty variable in row.GetProperty("variables").EnumerateObject())
            {
                variables[variable.Name] = Value(variable.Value);
            }

            Assert.Equal(row.GetProperty("prompt").GetString(), template.Render(variables).Text);
            Assert.Equal(row.GetProperty("ids").Deserialize<int[]>()!, tokenizer.EncodePrompt(row.GetProperty("expanded").GetString()!));
        }
    }

    [Theory]
    [InlineData("internvl-qwen3-hf")]
    [InlineData("internvl-qwen3-orig")]
    public void A_conversation_becomes_the_prompt_and_the_ids_of_the_reference(string checkpoint)
    {
        ModelConfiguration configuration = ModelConfiguration.Open(Fixture.PathOf($"vlm/{checkpoint}"));
        TextTokenizer tokenizer = TextTokenizer.Open(configuration.Folder);
        VisionLanguageProfile profile = VisionLanguageFamilies.Read(configuration, tokenizer);
        foreach (JsonElement row in GoldenTensors.Json($"vlm/{checkpoint}/prompts.json").GetProperty("rows").EnumerateArray())
        {
            int[] tiles = row.GetProperty("tiles_per_image").Deserialize<int[]>()!;
            string[][] history = row.GetProperty("history").Deserialize<string[][]>()!;
            List<ConversationTurn> turns = [];
            foreach (string text in history.SelectMany(exchange => exchange).Append(row.GetProperty("question").GetString()!))
            {
                string[] pieces = text.Split("<image>"); // where a question says where images go
                ConversationPart[] parts = pieces.Length == 1 && turns.Count == 0 && tiles.Length > 0
                    ? [ConversationPart.Image, Part(text)]
                    : [Part(pieces[0]), .. pieces.Skip(1).SelectMany(piece => (ConversationPart[])[ConversationPart.Image, Part(piece)])];
                turns.Add(turns.Count % 2 == 0 ? ConversationTurn.OfUser(parts) : ConversationTurn.OfModel(parts));
            }

            PromptText? system = row.GetProperty("system").GetString() is { } sentence ? PromptText.Trusted(sentence) : null;
            string prompt = profile.Conversation.Render(system, turns).Text;
            string expanded = tiles.Aggregate(prompt, (left, count) =>
            {
                int at = left.IndexOf(profile.ImageMark, StringComparison.Ordinal);
                return $"{left[..at]}<img>{string.Concat(Enumerable.Repeat("\u0001", 4 * count))}</img>{left[(at + profile.ImageMark.Length)..]}";
            }).Replace("\u0001", "<IMG_CONTEXT>", StringComparison.Ordinal);
            Assert.Equal(row.GetProperty("prompt").GetString(), expanded);
            Assert.Equal(row.GetProperty("ids").Deserialize<int[]>()!, tokenizer.EncodePrompt(expanded));
        }

        static ConversationPart Part(string text) => new(PromptText.Trusted(text));
    }

    [Theory]
    [InlineData("qwen2_5vl-tiny")]
    [InlineData("qwen3vl-tiny")]
    [InlineData("qwen3vl-untied-tiny")]
    public void Every_size_is_that_of_the_reference(string checkpoint)
    {
        JsonElement[] rows = [.. GoldenTensors.Json($"vlm/{checkpoint}/smart-resize.json").GetProperty("rows").EnumerateArray()];
        Assert.NotEmpty(rows);
        foreach (IGrouping<(int, int), int[]> limits in rows.Select(row => row.Deserialize<int[]>()!).GroupBy(row => (row[2], row[3])))
        {
            using var folder = new TemporaryFolder();
            Qwen2VlPreparation preparation = Sized(checkpoint, limits.Key, folder);
            Assert.All(limits, row => Assert.Equal((row[4], row[5]), preparation.Resized(row[0], row[1])));
        }
    }

    [Theory]
    [InlineData("qwen2_5vl-tiny")]
    [InlineData("qwen3vl-tiny")]
    public void Images_are_cut_into_the_patches_of_the_reference_bit_for_bit(string checkpoint)
    {
        JsonElement index = GoldenTensors.Json($"vlm/{checkpoint}/pixels/index.json");
        Qwen2VlPreparation preparation = Qwen2Vl.Images(ModelConfiguration.Open(Fixture.PathOf($"vlm/{checkpoint}")));
        using var folder = new TemporaryFolder();
        Qwen2VlPreparation published = Sized(checkpoint, (index.GetProperty("published_min_pixels").GetInt32(), index.GetProperty("published_max_pixels").GetInt32()), folder);
        string pixels = $"vlm/{checkpoint}/pixels/pixels.safetensors";
        JsonElement[] rows = [.. index.GetProperty("rows").EnumerateArray()];
        Assert.Equal(6, rows.Length);
        foreach (JsonElement row in rows)
        {
            string file = row.GetProperty("file").GetString()!, name = Path.GetFileNameWithoutExtension(file);
            ImageFrame frame = RawPictures.Open(file);
            int[] resized = row.GetProperty("resized").Deserialize<int[]>()!, grid = row.GetProperty("grid_thw").Deserialize<int[]>()!;
            Assert.Equal((resized[0], resized[1]), preparation.Resized(frame.Width, frame.Height));
            Assert.Equal([.. grid.Select(size => (long)size)], Assert.Single(preparation.Plan(frame.Width, frame.Height).Inputs).Values);
            PreparedPixels.AssertClose(Expected(row, name), PreparedPixels.Of(preparation, frame));

            // At the limits of the published models, the hash of the resized bytes.
            int[] large = row.GetProperty("published_resized").Deserialize<int[]>()!;
            Assert.Equal((large[0], large[1]), published.Resized(frame.Width, frame.Height));
            byte[] bytes = new byte[3 * large[0] * large[1]];
            var sink = new PixelRows(bytes, 3 * large[0]);
            ReferenceResize.Run(new PackedPixels(frame), large[0], large[1], ResampleFilter.Bicubic, ref sink);
            Assert.Equal(row.GetProperty("published_sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
        }

        float[] Expected(JsonElement row, string name)
        {
            if (!row.TryGetProperty("patches", out JsonElement patches))
            {
                return GoldenTensors.SafeTensors(pixels, $"{name}.pixel_values").Values;
            }

            (int[] shape, float[] values) = GoldenTensors.SafeTensors($"vlm/{checkpoint}/goldens.safetensors", $"{row.GetProperty("goldens").GetString()}.pixel_values");
            int[] range = patches.Deserialize<int[]>()!;
            return values[(range[0] * shape[1])..(range[1] * shape[1])];
        }
    }

    [Theory]
    [InlineData("gemma", "gemma3-tiny", new[] { 0.5, 0.5, 0.5 }, new[] { 0.5, 0.5, 0.5 })]
    [InlineData("pixtral", "mistral3-tiny", new[] { 0.48145466, 0.4578275, 0.40821073 }, new[] { 0.26862954, 0.26130258, 0.27577711 })]
    public void Images_are_resized_and_normalised_bit_for_bit(string rule, string checkpoint, double[] mean, double[] deviation)
    {
        string folder = Fixture.PathOf($"vlm/{checkpoint}");
        IImagePreparation preparation = VisionLanguageFamilies.Read(ModelConfiguration.Open(folder), TextTokenizer.Open(folder)).Images;
        const string File = "vlm/preprocess-gemma-mistral/preprocess.safetensors";
        JsonElement[] rows = [.. GoldenTensors.Json("vlm/preprocess-gemma-mistral/index.json").GetProperty("rows").EnumerateArray().Where(row => row.GetProperty("key").GetString()!.StartsWith($"{rule}.", StringComparison.Ordinal))];
        Assert.Equal(6, rows.Length);
        foreach (JsonElement row in rows)
        {
            string key = row.GetProperty("key").GetString()!;
            float[] pixels = PreparedPixels.Of(preparation, RawPictures.Open(row.GetProperty("file").GetString()!));
            int plane = pixels.Length / 3;
            (_, byte[] resized) = GoldenTensors.SafeTensorsBytes(File, $"{key}.resized_uint8");
            Assert.Equal(resized, Enumerable.Range(0, pixels.Length).Select(i => (byte)Math.Round(((pixels[(i % 3 * plane) + (i / 3)] * deviation[i % 3]) + mean[i % 3]) * 255)));
            if (row.GetProperty("pixel_values").GetBoolean())
            {
                PreparedPixels.AssertClose(GoldenTensors.SafeTensors(File, $"{key}.pixel_values").Values, pixels);
            }
        }
    }

    private static Qwen2VlPreparation Sized(string checkpoint, (int Least, int Most) limits, TemporaryFolder folder)
    {
        string copy = Fixture.WithConfig($"vlm/{checkpoint}", "config.json", folder), path = Path.Combine(copy, "preprocessor_config.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        (json["min_pixels"], json["max_pixels"]) = (limits.Least, limits.Most);
        File.WriteAllText(path, json.ToJsonString());
        return Qwen2Vl.Images(ModelConfiguration.Open(copy));
    }

    private static object? Value(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => PromptText.Trusted(json.GetString()!),
        JsonValueKind.Array => json.EnumerateArray().Select(Value).ToList(),
        JsonValueKind.True or JsonValueKind.False => json.GetBoolean(),
        JsonValueKind.Number => json.GetInt64(),
        JsonValueKind.Object => Map(json),
        _ => null,
    };

    private static TemplateMap Map(JsonElement json)
    {
        var map = new TemplateMap();
        foreach (JsonProperty property in json.EnumerateObject())
        {
            map[property.Name] = Value(property.Value);
        }

        return map;
    }
}

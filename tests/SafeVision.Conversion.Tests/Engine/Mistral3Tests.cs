using System.Text.Json;
using System.Text.Json.Nodes;
using SafeVision.Conversion.Verification;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tests.Families;
using SafeVision.VisionLanguage.Tokenizers;
using Converter = SafeVision.Conversion.Families.VisionLanguage.Mistral3;
using Family = SafeVision.VisionLanguage.Families.Mistral3;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>Mistral 3 from its files: ids, pixels, prompts and sizes as transformers has them.</summary>
public sealed class Mistral3Tests
{
    private const string Checkpoint = "vlm/mistral3-tiny";

    [Fact]
    public void Golden_texts_have_the_ids_of_the_reference_and_back()
    {
        TextTokenizer tokenizer = TextTokenizer.Open(Fixture.PathOf(Checkpoint));
        JsonElement[] rows = [.. GoldenTensors.Json($"{Checkpoint}/tokenizer-goldens.json").GetProperty("rows").EnumerateArray()];
        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            string text = row.GetProperty("text").GetString()!;
            int[] ids = row.GetProperty("ids").Deserialize<int[]>()!;
            Assert.Equal(ids, tokenizer.Encode(text));
            foreach ((string column, bool skipSpecial) in new[] { ("decoded", false), ("decoded_skip_special", true) })
            {
                if (row.TryGetProperty(column, out JsonElement decoded))
                {
                    Assert.Equal(decoded.GetString(), tokenizer.Decode(ids, skipSpecial));
                }
            }
        });
    }

    [Fact]
    public void Golden_conversations_become_the_ids_of_the_reference_with_a_mark_behind_each_row_of_an_image()
    {
        ModelConfiguration configuration = ModelConfiguration.Open(Fixture.PathOf(Checkpoint));
        TextTokenizer tokenizer = TextTokenizer.Open(configuration.Folder);
        VisionLanguageProfile profile = VisionLanguageFamilies.Read(configuration, tokenizer);
        foreach (JsonElement row in GoldenTensors.Json($"{Checkpoint}/prompts.json").GetProperty("rows").EnumerateArray())
        {
            PromptText? system = null;
            var turns = new List<ConversationTurn>();
            foreach (JsonElement message in row.GetProperty("messages").EnumerateArray())
            {
                ConversationPart[] parts = [.. message.GetProperty("content").EnumerateArray().Select(part =>
                    part.GetProperty("type").GetString() == "image" ? ConversationPart.Image : new ConversationPart(PromptText.Trusted(part.GetProperty("text").GetString()!)))];
                if (message.GetProperty("role").GetString() == "system")
                {
                    system = Assert.Single(parts).Text;
                }
                else
                {
                    turns.Add(ConversationTurn.OfUser(parts));
                }
            }

            string text = profile.Conversation.Render(system, turns).Text;
            int[][] sizes = row.GetProperty("picture_sizes").Deserialize<int[][]>()!;
            string[] pieces = text.Split(profile.ImageMark);
            Assert.Equal(sizes.Length + 1, pieces.Length);
            string prompt = pieces[0] + string.Concat(sizes.Zip(pieces.Skip(1), (size, piece) => profile.Images.Plan(size[0], size[1]).Text + piece));
            Assert.Equal(row.GetProperty("ids").Deserialize<int[]>()!, tokenizer.EncodePrompt(prompt));
        }
    }

    [Fact]
    public void Images_of_any_size_become_the_sizes_of_the_reference()
    {
        JsonElement[] rows = [.. GoldenTensors.Json("vlm/preprocess-gemma-mistral/pixtral-sizes.json").GetProperty("rows").EnumerateArray()];
        Assert.NotEmpty(rows);
        foreach (int[] row in rows.Select(row => row.Deserialize<int[]>()!))
        {
            if (row[4] * row[5] > 0) // the reference refuses what shrinks to nothing
            {
                var preparation = new PixtralPreparation(new PixtralPatching(row[3], row[2]), new ChannelTables(1, ChannelValues.All(0), ChannelValues.All(1)), ResampleFilter.Bicubic);
                Assert.Equal((row[4], row[5]), preparation.Resized(row[0], row[1]));
            }
        }

        var thin = new PixtralPreparation(new PixtralPatching(28, 1540), new ChannelTables(1, ChannelValues.All(0), ChannelValues.All(1)), ResampleFilter.Bicubic);
        Assert.Equal((1540, 28), thin.Resized(5000, 1));
    }

    [Fact]
    public void Images_are_resized_and_normalised_bit_for_bit()
    {
        PixtralPreparation preparation = Family.Images(ModelConfiguration.Open(Fixture.PathOf(Checkpoint)));
        const string File = "vlm/preprocess-gemma-mistral/preprocess.safetensors";
        JsonElement[] rows = [.. GoldenTensors.Json("vlm/preprocess-gemma-mistral/index.json").GetProperty("rows").EnumerateArray().Where(row => row.GetProperty("key").GetString()!.StartsWith("pixtral.", StringComparison.Ordinal))];
        Assert.Equal(6, rows.Length);
        double[] mean = [0.48145466, 0.4578275, 0.40821073], std = [0.26862954, 0.26130258, 0.27577711];
        foreach (JsonElement row in rows)
        {
            string key = row.GetProperty("key").GetString()!;
            ImageFrame frame = RawPictures.Open(row.GetProperty("file").GetString()!);
            float[] pixels = PreparedPixels.Of(preparation, frame);
            int plane = pixels.Length / 3;
            (_, byte[] resized) = GoldenTensors.SafeTensorsBytes(File, $"{key}.resized_uint8");
            Assert.Equal(resized, Enumerable.Range(0, pixels.Length).Select(i => (byte)Math.Round(((pixels[(i % 3 * plane) + (i / 3)] * std[i % 3]) + mean[i % 3]) * 255)));
            if (row.GetProperty("pixel_values").GetBoolean())
            {
                float[] expected = GoldenTensors.SafeTensors(File, $"{key}.pixel_values").Values;
                Assert.True(expected.Zip(pixels, (a, b) => Math.Abs(a - b)).Max() <= 1e-6f, key);
            }
        }
    }

    [Fact]
    public void Fewer_tokens_are_taken_where_the_host_wants_fewer()
    {
        ModelConfiguration configuration = ModelConfiguration.Open(Fixture.PathOf(Checkpoint));
        Assert.Equal((25, 25), (Family.Images(configuration).MaximumTokens, Family.Images(configuration).Plan(4000, 4000).Tokens));
        ImagePlan plan = Family.Images(configuration, new PreparationOptions { MaximumTokens = 12 }).Plan(4000, 4000);
        Assert.Equal(9, plan.Tokens);
        Assert.Equal("[IMG][IMG][IMG][IMG_BREAK][IMG][IMG][IMG][IMG_BREAK][IMG][IMG][IMG][IMG_END]", plan.Text);
        Assert.Equal(9, plan.Regions.Count);
    }

    [Theory]
    [InlineData("float32", "standard")]
    [InlineData("float16", "grouped")]
    [InlineData("int8", "grouped")]
    [InlineData("int4", "grouped")]
    public async Task Every_precision_and_attention_agrees_with_the_reference_computation(string precision, string attention)
    {
        using var folder = new TemporaryFolder();
        string source = Fixture.WithConfig(Checkpoint, "config.json", folder);
        if (precision.StartsWith("float", StringComparison.Ordinal))
        {
            Edit(source, "text_config.rope_parameters.original_max_position_embeddings", 2); // so that the queries of five tokens grow
        }

        ConversionResult result = await ModelConverter.ConvertAsync(
            new ConversionOptions { Source = source, Destination = folder.PathOf("model"), Precision = precision, Attention = attention }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("mistral3", result.Family);
        Assert.True(precision != "float32" || result.LargestDifference < 2e-5, $"{result.LargestDifference}");
        ModelSelfTest examination = await VisionLanguageSelfTest.RunAsync(ModelPackage.Open(folder.PathOf("model")), new ExecutionOptions(), TestContext.Current.CancellationToken);
        Assert.True(examination is { Goldens: 2, IsSound: true }, $"{examination.LargestDifference}");
        if (precision.StartsWith("int", StringComparison.Ordinal))
        {
            PrecisionLoss loss = result.Manifest.Converted!.PrecisionLoss!;
            Assert.InRange(loss.MeanLogitDifference, double.Epsilon, (precision == "int8" ? 0.25 : 0.6) * loss.LogitDeviation); // measured: 0.23 and 0.55, of random weights 48 wide
        }
    }

    [Fact]
    public void Both_spellings_are_one_model()
    {
        using var folder = new TemporaryFolder();
        string source = Fixture.WithConfig(Checkpoint, "config.json", folder);
        using (var file = Conversion.Checkpoints.CheckpointTensors.OpenFile(Fixture.PathOf($"{Checkpoint}/model.safetensors")))
        {
            File.WriteAllBytes(Path.Combine(source, "model.safetensors"), Checkpoints.SafetensorsBytes.Create(
                [.. file.Names.Select(name => (VisionLanguageFamily.Find("mistral3")!.NameOf(name), file.ShapeOf(name)!.ToArray(), file.Read(name)))]));
        }

        using Conversion.Families.VisionLanguage.VisionLanguageModel published = new Converter().Read(Fixture.PathOf(Checkpoint)), resaved = new Converter().Read(source);
        IReadOnlyDictionary<string, Conversion.Families.VisionLanguage.VisionInput> image = published.Vision.Probe(3);
        float[] tokens = published.Vision.ReferenceEmbed(image);
        Assert.Equal(tokens, resaved.Vision.ReferenceEmbed(image));
        Assert.Equal(published.Vision.ReferenceProject(tokens, []), resaved.Vision.ReferenceProject(tokens, []));
        float[] embeddings = published.Text.Embed([1, 10, 200, 300]);
        Assert.Equal(embeddings, resaved.Text.Embed([1, 10, 200, 300]));
        Assert.Equal(
            ReferenceDecoder.Run(published.Text, embeddings, 3, () => { }, CancellationToken.None), ReferenceDecoder.Run(resaved.Text, embeddings, 3, () => { }, CancellationToken.None));
    }

    [Theory]
    [InlineData("vision_config.num_attention_heads", "3", "among 3 heads")]
    [InlineData("vision_config.num_attention_heads", "16", "multiple of 4")]
    [InlineData("projector_hidden_act", "\"relu\"", "projector_hidden_act' is \"relu\"")]
    [InlineData("spatial_merge_size", "3", "merging_layer.weight")]
    [InlineData("multimodal_projector_bias", "true", "linear_1.bias")]
    [InlineData("text_config.hidden_act", "\"relu\"", "expected silu")]
    [InlineData("text_config.rope_parameters.original_max_position_embeddings", "0", "original_max_position_embeddings' is 0")]
    public void A_configuration_that_does_not_fit_is_refused_by_name(string path, string value, string message)
    {
        using var folder = new TemporaryFolder();
        string source = Fixture.WithConfig(Checkpoint, "config.json", folder);
        Edit(source, path, JsonNode.Parse(value));
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => new Converter().Read(source)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("processor_config.json", "patch_size", "16", "'patch_size' is 16; expected 14")]
    [InlineData("processor_config.json", "spatial_merge_size", "1", "'spatial_merge_size' is 1; expected 2")]
    [InlineData("preprocessor_config.json", "size.longest_edge", "16000", "1 to 16384 image tokens")]
    [InlineData("preprocessor_config.json", "do_resize", "false", "'do_resize' is false")]
    public void Preprocessing_that_does_not_fit_is_refused_by_name(string file, string path, string value, string message)
    {
        using var folder = new TemporaryFolder();
        string source = Fixture.WithConfig(Checkpoint, "config.json", folder);
        Edit(source, path, JsonNode.Parse(value), file);
        Assert.Contains(message, Assert.Throws<ModelLoadException>(() => Family.Images(ModelConfiguration.Open(source))).Message, StringComparison.Ordinal);
    }

    private static void Edit(string folder, string path, JsonNode? value, string file = "config.json")
    {
        string full = Path.Combine(folder, file);
        JsonNode json = JsonNode.Parse(File.ReadAllText(full))!, part = json;
        string[] names = path.Split('.');
        foreach (string name in names[..^1])
        {
            part = part[name]!;
        }

        part[names[^1]] = value;
        File.WriteAllText(full, json.ToJsonString());
    }
}

using System.Text.Json;
using SafeVision.Conversion.Verification;
using SafeVision.Imaging;
using SafeVision.Models;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tokenizers;
using Converter = SafeVision.Conversion.Families.VisionLanguage.Mistral3;
using Family = SafeVision.VisionLanguage.Families.Mistral3;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>Mistral 3 from its files: ids, pixels, prompts and sizes as transformers has them.</summary>
public sealed class Mistral3Tests
{
    private const string Checkpoint = "vlm/mistral3-tiny";

    [Fact]
    public void Golden_conversations_become_the_ids_of_the_reference_with_a_mark_behind_each_row_of_an_image()
    {
        ModelConfiguration configuration = ModelConfiguration.Open(Fixture.PathOf(Checkpoint));
        TextTokenizer tokenizer = TextTokenizer.Open(configuration.Folder);
        VisionLanguageProfile profile = VisionLanguageFamilies.Read(configuration, tokenizer);
        foreach (JsonElement row in GoldenTensors.Json($"{Checkpoint}/prompts.json").GetProperty("rows").EnumerateArray())
        {
            (PromptText? system, List<ConversationTurn> turns) = GoldenConversation.Read(row);
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
            Fixture.Edit(Path.Combine(source, "config.json"), json => Fixture.Set(json, "text_config.rope_parameters.original_max_position_embeddings", "2")); // so that the queries of five tokens grow
        }

        ConversionResult result = await ConvertedFolderTests.ConvertAndExamineAsync(source, folder.PathOf("model"), precision, attention);
        Assert.Equal("mistral3", result.Family);
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
}

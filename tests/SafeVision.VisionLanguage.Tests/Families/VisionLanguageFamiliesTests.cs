using System.Text.Json;
using System.Text.Json.Nodes;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Families;

/// <summary>Whole model folders: from their files to the very token ids that the references fed.</summary>
public sealed class VisionLanguageFamiliesTests
{
    [Theory]
    [InlineData("internvl-llama-hf", "internvl", 648, "<IMG_CONTEXT>", new[] { 644 })]
    [InlineData("internvl-internlm2-orig", "internvl", 648, "<IMG_CONTEXT>", new[] { 2, 644 })]
    [InlineData("internvl-qwen2-hf", "internvl", 623, "<IMG_CONTEXT>", new[] { 618 })]
    [InlineData("internvl-qwen2-orig", "internvl", 623, "<IMG_CONTEXT>", new[] { 616, 618 })]
    [InlineData("smolvlm-tiny", "smolvlm", 502, "<image>", new[] { 503 })]
    [InlineData("qwen2vl-tiny", "qwen2-vl", 503, "<|image_pad|>", new[] { 496, 498 })]
    public void A_folder_says_of_itself_what_it_is(string model, string family, int imageToken, string mark, int[] stop)
    {
        VisionLanguageProfile profile = Read(model, PreparationOptions.Default).Profile;

        Assert.Equal(family, profile.Family);
        Assert.Equal(imageToken, profile.ImageToken);
        Assert.Equal(mark, profile.ImageMark);
        Assert.Equal(stop, profile.StopTokens);
        Assert.Equal(2048, profile.ContextLength);
        Assert.Equal(model == "qwen2vl-tiny" ? 3 : 1, profile.Positions.Rows);
    }

    [Theory]
    [InlineData("internvl-llama-hf", "multi", 0, "Describe the image. Is it safe?", 2)]
    [InlineData("internvl-llama-hf", "text", 0, "请描述这张图片", null)]
    [InlineData("internvl-qwen2-hf", "multi", 0, "Describe the image. Is it safe?", 2)]
    [InlineData("internvl-qwen2-hf", "batch", 0, "Is this unsafe?", 1)]
    [InlineData("internvl-qwen2-hf", "batch", 1, "Describe the image. Is it safe? What does the text show?", 2)]
    [InlineData("internvl-qwen2-hf", "text", 0, "请描述这张图片", null)]
    [InlineData("smolvlm-tiny", "multi", 0, "Describe the image. Is it safe?", null)]
    [InlineData("smolvlm-tiny", "single", 0, "Is this unsafe?", 1)]
    [InlineData("smolvlm-tiny", "batch", 0, "Is this unsafe?", null)]
    [InlineData("smolvlm-tiny", "batch", 1, "Describe the image. Is it safe? 请描述这张图片", null)]
    [InlineData("smolvlm-tiny", "text", 0, "请描述这张图片", null)]
    [InlineData("qwen2vl-tiny", "multi", 0, "Describe the image. Is it safe?", null)]
    [InlineData("qwen2vl-tiny", "batch", 0, "Is this unsafe?", null)]
    [InlineData("qwen2vl-tiny", "batch", 1, "Compare the two.", null)]
    [InlineData("qwen2vl-tiny", "text", 0, "请描述这张图片", null)]
    public void A_question_about_pictures_becomes_the_ids_of_the_goldens(string model, string golden, int row, string question, int? tiles)
    {
        (VisionLanguageProfile profile, TextTokenizer tokenizer) = Read(model, new PreparationOptions { MaximumTiles = tiles });
        ImagePlan[] plans =
        [
            .. Pictures(GoldenTensors.Json($"vlm/{model}/goldens.json").GetProperty("pictures").GetProperty(golden), model, golden, row)
                .Select(RawPictures.Open).Select(frame => profile.Images.Plan(frame.Width, frame.Height)),
        ];

        int[] ids = Encode(profile, tokenizer, question, plans);

        (int[] shape, long[] padded) = GoldenTensors.SafeTensorsInt64($"vlm/{model}/goldens.safetensors", $"{golden}.input_ids");
        long[] mask = GoldenTensors.SafeTensorsInt64($"vlm/{model}/goldens.safetensors", $"{golden}.attention_mask").Values;
        Assert.Equal(padded.Where((_, i) => i / shape[1] == row && mask[i] == 1).Select(id => (int)id), ids);
        Assert.Equal(plans.Sum(plan => plan.Tokens), ids.Count(id => id == profile.ImageToken));
    }

    [Theory]
    [InlineData("internvl-internlm2-orig")]
    [InlineData("internvl-qwen2-orig")]
    public void Questions_to_the_original_layout_become_the_ids_of_the_goldens(string model)
    {
        (VisionLanguageProfile profile, TextTokenizer tokenizer) = Read(model, PreparationOptions.Default);
        string? configured = ConfigurationFolder.Open(model).Config["system_message"].Text();
        int compared = 0;
        foreach (JsonElement row in GoldenTensors.Json($"vlm/{model}/prompts.json").GetProperty("rows").EnumerateArray())
        {
            int[] tiles = [.. row.GetProperty("tiles_per_image").EnumerateArray().Select(count => count.GetInt32())];
            string question = row.GetProperty("question").GetString()!;
            if (row.GetProperty("history").GetArrayLength() > 0 || tiles.Length > 1 || question.Contains('<', StringComparison.Ordinal))
            {
                continue;
            }

            ImagePlan[] plans = [.. tiles.Select(count => Enumerable.Range(1, 6).Select(width => profile.Images.Plan(56 * width, 56)).First(plan => plan.PixelShape[0] == count))];
            PromptText? system = row.GetProperty("system").GetString() is { } text && text != configured ? PromptText.Trusted(text) : null;
            Assert.Equal(row.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()), Encode(profile, tokenizer, question, plans, system));
            compared++;
        }

        Assert.InRange(compared, 3, int.MaxValue);
    }

    [Fact]
    public void A_folder_of_the_genai_layout_needs_no_config_json()
    {
        using var folder = new ConfigurationFolder("qwen2vl-tiny");
        File.Delete(Path.Combine(folder.Folder, "config.json"));
        File.WriteAllText(
            Path.Combine(folder.Folder, "genai_config.json"),
            """{ "model": { "type": "qwen2_5_vl", "context_length": 1024, "eos_token_id": [498], "image_token_id": 503 } }""");
        File.Delete(Path.Combine(folder.Folder, "generation_config.json"));

        VisionLanguageProfile profile = VisionLanguageFamilies.Read(folder.Read(), TextTokenizer.Open(folder.Folder));

        Assert.Equal("qwen2-vl", profile.Family);
        Assert.Equal(1024, profile.ContextLength);
        Assert.Equal([498], profile.StopTokens);
        Assert.Equal(503, profile.ImageToken);
    }

    [Theory]
    [InlineData("config.json", "model_type", "\"gpt2\"", "the model type 'gpt2' is not known. Known are internvl_chat, internvl, llava_onevision, idefics3, smolvlm, qwen2_vl, qwen2_5_vl")]
    [InlineData("config.json", "model_type", "null", "says what the model is")]
    [InlineData("config.json", "model_type", "7", "'model_type' is 7")]
    [InlineData("config.json", "image_token_id", "3", "'image_token_id' is 3; expected 623")]
    [InlineData("config.json", "image_token_id", "-1", "'image_token_id' is -1")]
    [InlineData("config.json", "text_config.max_position_embeddings", "0", "'text_config.max_position_embeddings' is 0")]
    [InlineData("config.json", "text_config", "{}", "'text_config.max_position_embeddings' is missing")]
    [InlineData("generation_config.json", "eos_token_id", "[1.5]", "'eos_token_id[0]' is 1.5")]
    [InlineData("tokenizer_config.json", "chat_template", "\"no picture here\"", "does not write one mark for one image")]
    public void What_is_missing_or_contradicts_itself_is_refused_in_words(string file, string path, string value, string expected)
    {
        using ConfigurationFolder folder = new ConfigurationFolder("internvl-qwen2-hf").Set(file, path, value);
        string message = Assert.Throws<ModelLoadException>(() => VisionLanguageFamilies.Read(folder.Read(), TextTokenizer.Open(folder.Folder))).Message;
        Assert.Contains(folder.Folder, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nothing_says_what_ends_an_answer_the_end_of_a_turn_does()
    {
        using var folder = new ConfigurationFolder("internvl-qwen2-hf");
        folder.Edit("config.json", json => ((JsonObject)json["text_config"]!).Remove("eos_token_id"));
        File.Delete(Path.Combine(folder.Folder, "generation_config.json"));

        Assert.Equal([618], VisionLanguageFamilies.Read(folder.Read(), TextTokenizer.Open(folder.Folder)).StopTokens);
    }

    private static (VisionLanguageProfile Profile, TextTokenizer Tokenizer) Read(string model, PreparationOptions options)
    {
        ModelConfiguration configuration = ConfigurationFolder.Open(model);
        TextTokenizer tokenizer = TextTokenizer.Open(configuration.Folder);
        return (VisionLanguageFamilies.Read(configuration, tokenizer, options), tokenizer);
    }

    private static int[] Encode(VisionLanguageProfile profile, TextTokenizer tokenizer, string question, ImagePlan[] plans, PromptText? system = null)
    {
        string prompt = profile.Conversation.Render(
            system, [.. Enumerable.Repeat(ConversationPart.Image, plans.Length), new ConversationPart(PromptText.Trusted(question))]).Text;
        string[] pieces = prompt.Split(profile.ImageMark);
        Assert.Equal(plans.Length + 1, pieces.Length);
        return tokenizer.EncodePrompt(pieces[0] + string.Concat(plans.Zip(pieces.Skip(1), (plan, piece) => plan.Text + piece)));
    }

    /// <summary>The files of a row's pictures: a list for each row (SmolVLM), one for each row (InternVL), or one after the other (Qwen2-VL).</summary>
    private static IEnumerable<string> Pictures(JsonElement pictures, string model, string golden, int row) => model switch
    {
        "smolvlm-tiny" => pictures[row].EnumerateArray().Select(file => file.GetString()!),
        "qwen2vl-tiny" => pictures.EnumerateArray().Select(file => file.GetString()!).Skip(row).Take(golden == "text" ? 0 : row + 1),
        _ => pictures.EnumerateArray().Skip(row).Take(1).Select(picture => picture.GetProperty("file").GetString()!),
    };
}

using System.Text.Json.Nodes;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Families;

public sealed class LlavaOneVisionTests
{
    [Fact]
    public void A_picture_is_one_tile_resized_plainly_with_a_token_for_each_patch()
    {
        using ConfigurationFolder folder = Published();
        SingleTilePreparation preparation = LlavaOneVision.Images(folder.Read());
        ImageFrame frame = RawPictures.Noise(500, 300);
        ImagePlan plan = preparation.Plan(500, 300);

        Assert.Equal([1, 3, 384, 384], plan.PixelShape);
        Assert.Equal(729, plan.Tokens);
        Assert.Equal(729, plan.Text.Split("<image>").Length - 1);
        TokenRegions.AssertCover(plan.Regions);

        float[] pixels = PreparedPixels.Of(preparation, frame);
        byte[] resized = new byte[384 * 384 * 3];
        ImageResizer.Resize(frame.Pixels, 500, 300, PixelLayout.Rgb24, resized, 384, 384, ResampleFilter.Bicubic);
        for (int i = 0; i < pixels.Length; i++)
        {
            Assert.Equal((resized[(i % (384 * 384) * 3) + (i / (384 * 384))] / 255f - 0.5f) / 0.5f, pixels[i], 1e-6f);
        }
    }

    [Fact]
    public void A_folder_says_of_itself_what_it_is()
    {
        using ConfigurationFolder folder = Published();
        const string Template = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + ' ' }}{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>' }}{% endfor %}"
            + "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ '\n' + content['text'] }}{% endfor %}{{ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
        folder.Edit("tokenizer_config.json", json => json["chat_template"] = Template);

        VisionLanguageProfile profile = VisionLanguageFamilies.Read(folder.Read(), TextTokenizer.Open(folder.Folder));

        Assert.Equal("llava-onevision", profile.Family);
        Assert.Equal("<image>", profile.ImageMark);
        Assert.Equal(623, profile.ImageToken);
        Assert.Equal([618], profile.StopTokens);
        Assert.Equal(32768, profile.ContextLength);
        Assert.Equal(
            "<|im_start|>user <image>\nSafe?<|im_end|><|im_start|>assistant\n",
            profile.Conversation.Render(null, [ConversationPart.Image, new ConversationPart(PromptText.Trusted("Safe?"))]).Text);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 20_000)]
    [InlineData(20_000, 1)]
    public void Pictures_of_extreme_sizes_are_resized_like_any_other(int width, int height)
    {
        using ConfigurationFolder folder = Published();
        Assert.All(PreparedPixels.Of(LlavaOneVision.Images(folder.Read()), RawPictures.Noise(width, height)), value => Assert.InRange(value, -1f, 1f));
    }

    [Theory]
    [InlineData("processor_config.json", "num_image_tokens", "2928", "several tiles")]
    [InlineData("config.json", "vision_feature_select_strategy", "\"default\"", "full")]
    [InlineData("config.json", "vision_config.patch_size", "0", "patch_size")]
    [InlineData("preprocessor_config.json", "size.height", "-384", "size.height")]
    [InlineData("preprocessor_config.json", "image_std", "[0.5, 0.5, 0]", "image_std[2]")]
    public void What_is_not_supported_or_absurd_is_refused_by_file_and_key(string file, string path, string value, string expected)
    {
        using ConfigurationFolder folder = Published().Set(file, path, value);
        string message = Assert.Throws<ModelLoadException>(() => LlavaOneVision.Images(folder.Read())).Message;
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    /// <summary>The settings that matter of a published checkpoint, over another one's files.</summary>
    private static ConfigurationFolder Published()
    {
        var folder = new ConfigurationFolder("internvl-qwen2-hf");
        File.WriteAllText(Path.Combine(folder.Folder, "config.json"), """
            {
              "model_type": "llava_onevision", "image_token_index": 623, "vision_feature_select_strategy": "full", "vision_aspect_ratio": "anyres_max_9",
              "image_grid_pinpoints": [[384, 384], [384, 768], [768, 384]],
              "text_config": { "model_type": "qwen2", "max_position_embeddings": 32768, "eos_token_id": 618 },
              "vision_config": { "model_type": "siglip_vision_model", "image_size": 384, "patch_size": 14 }
            }
            """);
        File.WriteAllText(Path.Combine(folder.Folder, "processor_config.json"), """{ "image_token": "<image>", "num_image_tokens": 729, "vision_feature_select_strategy": "full" }""");
        return folder.Edit("preprocessor_config.json", json =>
        {
            json["size"] = new JsonObject { ["height"] = 384, ["width"] = 384 };
            json["image_mean"] = new JsonArray(0.5, 0.5, 0.5);
            json["image_std"] = new JsonArray(0.5, 0.5, 0.5);
        });
    }
}

using System.Numerics.Tensors;
using System.Text.Json;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Families.Encoders;
using SafeVision.Conversion.Tests.Families.VisionLanguage;
using SafeVision.Imaging;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests.Families.Encoders;

/// <summary>Converted pairs of towers against what transformers computed (torch, float32).</summary>
public sealed class ContrastiveGoldenTests
{
    private const float Tolerance = 1e-5f; // the fixtures allow 1e-4

    [Theory]
    [InlineData("tiny-clip", "clip")]
    [InlineData("tiny-clip-bf16", "clip")]
    [InlineData("tiny-siglip", "siglip")]
    public async Task Converted_towers_give_the_vectors_and_logits_of_the_reference(string checkpoint, string family)
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ConvertAsync(checkpoint, folder.PathOf("model"));
        Assert.Equal(family, result.Family);
        Assert.InRange(result.LargestDifference!.Value, 0, Tolerance);
        Assert.Equal("whole", result.Manifest.Converted!.Options["verified"]);

        Dictionary<string, Golden> goldens = Golden.ReadFrom($"contrastive/{checkpoint}");
        float[] images = EncoderRun.Run(folder.PathOf("model/vision_model.onnx"), "pixel_values", goldens["pixel_values"], "image_embeds");
        float[] texts = EncoderRun.Run(folder.PathOf("model/text_model.onnx"), "input_ids", goldens["input_ids"], "text_embeds");
        Numbers.Close(goldens["image_embeds_raw"].Numbers, images, Tolerance);
        Numbers.Close(goldens["text_embeds_raw"].Numbers, texts, Tolerance);
        Numbers.Close(goldens["logits_per_image"].Numbers, Logits(result.Manifest.Contrastive!, images, texts, goldens), 2e-5f);
    }

    [Theory]
    [InlineData("tiny-clip", "float16", 0.002, 0.015)]
    [InlineData("tiny-clip-bf16", "float16", 0.002, 0.015)]
    [InlineData("tiny-siglip", "float16", 0.002, 0.015)]
    [InlineData("tiny-clip", "int8", 0.05, 0.4)]
    [InlineData("tiny-clip-bf16", "int8", 0.05, 0.4)]
    [InlineData("tiny-siglip", "int8", 0.05, 0.4)]
    [InlineData("tiny-clip", "int4", 0.2, 1)]
    [InlineData("tiny-clip-bf16", "int4", 0.2, 1)]
    [InlineData("tiny-siglip", "int4", 0.2, 1)]
    public async Task A_precision_turns_vectors_and_moves_logits_by_no_more_than_this(string checkpoint, string precision, double most, float mostLogit)
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ConvertAsync(checkpoint, folder.PathOf("model"), precision);
        Dictionary<string, Golden> goldens = Golden.ReadFrom($"contrastive/{checkpoint}");
        float[] images = EncoderRun.Run(folder.PathOf("model/vision_model.onnx"), "pixel_values", goldens["pixel_values"], "image_embeds");
        float[] texts = EncoderRun.Run(folder.PathOf("model/text_model.onnx"), "input_ids", goldens["input_ids"], "text_embeds");
        Assert.InRange(Turn(goldens["image_embeds_raw"].Numbers, images), double.Epsilon, most);
        Assert.InRange(Turn(goldens["text_embeds_raw"].Numbers, texts), double.Epsilon, most);
        Numbers.Close(goldens["logits_per_image"].Numbers, Logits(result.Manifest.Contrastive!, images, texts, goldens), mostLogit);

        ModelSelfTest examination = await ModelSelfTest.RunAsync(ModelPackage.Open(folder.PathOf("model")), new Inference.ExecutionOptions());
        Assert.Equal(6, examination.Goldens);
        Assert.True(examination.IsSound);
    }

    [Theory]
    [InlineData("tiny-clip", false)]
    [InlineData("tiny-siglip", true)]
    public void Their_layers_are_those_of_the_reference(string checkpoint, bool normalizesPatches)
    {
        using var folder = new TemporaryFolder();
        string source = Fixture.PathOf($"contrastive/{checkpoint}");
        using EncoderModel model = ((IEncoderFamily)ModelFamilies.Find(source, null)).Read(source, new ConversionRecipe());
        Dictionary<string, Golden> goldens = Golden.ReadFrom($"contrastive/{checkpoint}");
        float[][] vision = [.. EncoderRun.Hidden(folder.Root, model.Encoders[0], goldens["pixel_values"], items: 2)];
        float[][] text = [.. EncoderRun.Hidden(folder.Root, model.Encoders[1], goldens["input_ids"], items: 2)];
        Assert.Equal(normalizesPatches ? 4 : 3, vision.Length);
        Numbers.Close(goldens["vision_last_hidden_state_first2"].Numbers, vision[^1], Tolerance);
        Numbers.Close(goldens["text_last_hidden_state_first2"].Numbers, text[^1], Tolerance);
    }

    [Theory]
    [InlineData("tiny-clip")]
    [InlineData("tiny-siglip")]
    public async Task The_folder_makes_the_reference_s_inputs_of_images_and_names_its_padding(string checkpoint)
    {
        using var folder = new TemporaryFolder();
        ModelManifest manifest = (await ConvertAsync(checkpoint, folder.PathOf("model"))).Manifest;
        Dictionary<string, Golden> goldens = Golden.ReadFrom($"contrastive/{checkpoint}");
        var preprocessor = new ImagePreprocessor(manifest.Preprocessing!);
        JsonElement json = GoldenTensors.Json($"contrastive/{checkpoint}/goldens.json"), images = json.GetProperty("images");
        for (int i = 0; i < images.GetArrayLength(); i++)
        {
            Numbers.Close(goldens["pixel_values"].At(i), ReferenceImage.Preprocess(images[i].GetString()!, preprocessor), 1e-6f);
        }

        Assert.Equal(manifest.Contrastive!.PadToken, (int)goldens["input_ids"].At(0)[^1]);
    }

    [Fact]
    public async Task A_text_of_clip_may_be_short_and_is_pooled_at_its_first_end()
    {
        using var folder = new TemporaryFolder();
        await ConvertAsync("tiny-clip", folder.PathOf("model"));
        Dictionary<string, Golden> goldens = Golden.ReadFrom("contrastive/tiny-clip");
        for (int i = 0; i < 4; i++)
        {
            float[] ids = goldens["input_ids"].At(i);
            int end = Array.IndexOf(ids, 1213f);
            var alone = new Golden([1, end + 1], ids[..(end + 1)]);
            Numbers.Close(goldens["text_embeds_raw"].At(i), EncoderRun.Run(folder.PathOf("model/text_model.onnx"), "input_ids", alone, "text_embeds"), Tolerance);
        }
    }

    private static float[] Logits(ContrastiveSettings settings, float[] images, float[] texts, Dictionary<string, Golden> goldens)
    {
        int size = (int)goldens["image_embeds"].Shape[1];
        return
        [
            .. from image in Enumerable.Range(0, images.Length / size)
               from text in Enumerable.Range(0, texts.Length / size)
               let cosine = TensorPrimitives.CosineSimilarity(images.AsSpan(image * size, size), texts.AsSpan(text * size, size))
               select (float)((settings.LogitScale * cosine) + settings.LogitBias),
        ];
    }

    private static double Turn(float[] expected, float[] actual) => TensorPrimitives.Distance(expected, actual) / TensorPrimitives.Norm<float>(expected);

    private static Task<ConversionResult> ConvertAsync(string checkpoint, string destination, string precision = "float32") => ModelConverter.ConvertAsync(
        new ConversionOptions { Source = Fixture.PathOf($"contrastive/{checkpoint}"), Destination = destination, Precision = precision });
}

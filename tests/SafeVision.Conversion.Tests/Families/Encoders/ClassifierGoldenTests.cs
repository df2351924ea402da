using System.Text.Json;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Families.Encoders;
using SafeVision.Conversion.Tests.Families.VisionLanguage;
using SafeVision.Imaging;

namespace SafeVision.Conversion.Tests.Families.Encoders;

/// <summary>Converted classifiers against what transformers computed (torch, float32).</summary>
public sealed class ClassifierGoldenTests
{
    private const float Tolerance = 1e-5f; // the fixtures allow 1e-4

    [Theory]
    [InlineData("tiny-vit", "vit-classifier")]
    [InlineData("tiny-siglip-cls", "siglip-classifier")]
    [InlineData("tiny-convnext", "convnext-classifier")]
    public async Task A_converted_classifier_gives_the_logits_of_the_reference(string checkpoint, string family)
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ConvertAsync(checkpoint, folder.PathOf("model"));
        Assert.Equal(family, result.Family);
        Assert.InRange(result.LargestDifference!.Value, 0, Tolerance);
        Assert.Equal("whole", result.Manifest.Converted!.Options["verified"]);
        Assert.Equal(["normal", "nsfw"], result.Manifest.Labels);

        Dictionary<string, Golden> goldens = Golden.ReadFrom($"classifiers/{checkpoint}");
        string model = folder.PathOf("model/model.onnx");
        Numbers.Close(goldens["logits"].Numbers, EncoderRun.Run(model, "pixel_values", goldens["pixel_values"], "logits"), Tolerance);
        Numbers.Close(goldens["probabilities"].Numbers, EncoderRun.Run(model, "pixel_values", goldens["pixel_values"], "probabilities"), Tolerance);
    }

    [Theory]
    [InlineData("tiny-vit")]
    [InlineData("tiny-siglip-cls")]
    [InlineData("tiny-convnext")]
    public async Task Its_manifest_says_how_images_become_the_pixels_of_the_reference(string checkpoint)
    {
        using var folder = new TemporaryFolder();
        ConversionResult result = await ConvertAsync(checkpoint, folder.PathOf("model"));
        var preprocessor = new ImagePreprocessor(result.Manifest.Preprocessing!);
        Golden pixels = Golden.ReadFrom($"classifiers/{checkpoint}")["pixel_values"];
        JsonElement images = GoldenTensors.Json($"classifiers/{checkpoint}/goldens.json").GetProperty("images");
        for (int i = 0; i < images.GetArrayLength(); i++)
        {
            Numbers.Close(pixels.At(i), ReferenceImage.Preprocess(images[i].GetString()!, preprocessor), 1e-6f);
        }
    }

    [Theory]
    [InlineData("tiny-vit")]
    [InlineData("tiny-siglip-cls")]
    public void Its_layers_are_those_of_the_reference(string checkpoint)
    {
        using var folder = new TemporaryFolder();
        string source = Fixture.PathOf($"classifiers/{checkpoint}");
        using EncoderModel model = ((IEncoderFamily)ModelFamilies.Find(source, null)).Read(source, new ConversionRecipe());
        Dictionary<string, Golden> goldens = Golden.ReadFrom($"classifiers/{checkpoint}");
        float[][] hidden = [.. EncoderRun.Hidden(folder.Root, model.Encoders[0], goldens["pixel_values"], items: 2)];
        for (int i = 0; i < 3; i++)
        {
            Numbers.Close(goldens[$"hidden_state_{i}"].Numbers, hidden[i], Tolerance);
        }
    }

    [Fact]
    public void The_stages_of_convnext_are_those_of_the_reference()
    {
        using var folder = new TemporaryFolder();
        using EncoderModel model = new ConvNextClassifier().Read(Fixture.PathOf("classifiers/tiny-convnext"), new ConversionRecipe());
        Dictionary<string, Golden> goldens = Golden.ReadFrom("classifiers/tiny-convnext");
        float[][] hidden = [.. EncoderRun.Hidden(folder.Root, model.Encoders[0], goldens["pixel_values"], items: 2)];
        int[] ends = [0, 1, 3, 4]; // blocks up to the end of each stage
        for (int i = 0; i < ends.Length; i++)
        {
            Golden expected = goldens[$"hidden_state_{i}"];
            (int channels, int places) = ((int)expected.Shape[1], (int)(expected.Shape[2] * expected.Shape[3]));
            float[] actual = hidden[ends[i]]; // [2, places, channels]
            float[] turned = [.. Enumerable.Range(0, actual.Length).Select(j => actual[(j / (channels * places) * channels * places) + (j % places * channels) + (j / places % channels)])];
            Numbers.Close(expected.Numbers, turned, Tolerance);
        }
    }

    private static Task<ConversionResult> ConvertAsync(string checkpoint, string destination) =>
        ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.PathOf($"classifiers/{checkpoint}"), Destination = destination });
}

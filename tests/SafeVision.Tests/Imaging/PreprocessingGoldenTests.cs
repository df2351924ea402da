using System.Text.Json;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Network inputs against those of the libraries that the networks were trained or shipped with.</summary>
public sealed class PreprocessingGoldenTests
{
    public static TheoryData<string, int> TransformersInputs
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (string model in new[] { "tiny-vit", "tiny-siglip-cls", "tiny-convnext" })
            {
                for (int i = 0; i < 8; i++)
                {
                    data.Add(model, i);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(TransformersInputs))]
    public void Equal_what_transformers_makes(string model, int index)
    {
        string picture = GoldenTensors.Json($"classifiers/{model}/goldens.json").GetProperty("images")[index].GetString()!;
        (int[] shape, float[] golden) = GoldenTensors.SafeTensors($"classifiers/{model}/goldens.safetensors", "pixel_values");
        var preprocessor = new ImagePreprocessor(model switch
        {
            "tiny-vit" => Recipes.Exact(32, PreprocessingFilter.Bilinear),
            "tiny-siglip-cls" => Recipes.Exact(32, PreprocessingFilter.Bicubic),
            _ => Recipes.ShortestSideAndCrop(36, 32, ResizeRounding.Truncate),
        });
        Assert.Equal([8, 3, preprocessor.InputSize, preprocessor.InputSize], shape);

        float[] input = Input(preprocessor, picture);

        // Bytes equal bit for bit, or else at least one value were off by a whole step, which is 0.0078 or more.
        ReadOnlySpan<float> expected = golden.AsSpan(index * preprocessor.InputLength, preprocessor.InputLength);
        for (int i = 0; i < input.Length; i++)
        {
            Assert.Equal(expected[i], input[i], 1e-6f);
        }
    }

    [Theory]
    [InlineData("image0_0")]
    [InlineData("image1_0")]
    [InlineData("image2_0")]
    public void Equal_what_nsfwjs_makes(string key)
    {
        JsonElement golden = GoldenTensors.Json("classifiers/goldens.json").GetProperty("models").GetProperty("MobileNetV2Mid")
            .GetProperty("activations").GetProperty("arrays").EnumerateArray().Single(array => array.GetProperty("key").GetString() == key);
        (int[] shape, float[] values) = GoldenTensors.Npz("classifiers/activations_MobileNetV2Mid.npz", key);
        int[] rows = Numbers(golden.GetProperty("rows")), columns = Numbers(golden.GetProperty("columns"));
        Assert.Equal([rows.Length, columns.Length, 3], shape);
        var preprocessor = new ImagePreprocessor(Recipes.AlignCorners(224));

        float[] input = Input(preprocessor, golden.GetProperty("image").GetString()!);

        for (int i = 0; i < values.Length; i++)
        {
            (int row, int column, int channel) = (rows[i / 3 / columns.Length], columns[i / 3 % columns.Length], i % 3);
            Assert.Equal(values[i], input[(((channel * 224) + row) * 224) + column], 5e-6f);
        }
    }

    private static float[] Input(ImagePreprocessor preprocessor, string picture)
    {
        Picture white = Picture.Read(PixelLayout.Rgb24, "images", picture.Replace("src/", "ref/", StringComparison.Ordinal) + ".white.png");
        float[] input = new float[preprocessor.InputLength];
        preprocessor.Write(white.Pixels, white.Width, white.Height, ImageRegion.Whole(white.Width, white.Height), input);
        return input;
    }

    private static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetInt32())];
}

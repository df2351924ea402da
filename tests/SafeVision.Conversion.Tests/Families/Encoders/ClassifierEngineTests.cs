using SafeVision.Conversion.Families;
using SafeVision.Conversion.Families.Encoders;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Tests.Families.VisionLanguage;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Policies;
using OnnxFile = SafeVision.Conversion.Onnx.OnnxFile;

namespace SafeVision.Conversion.Tests.Families.Encoders;

/// <summary>Converted classifiers in the engine that they are made for.</summary>
public sealed class ClassifierEngineTests
{
    private const string Image = "ref/jpeg_224_photo.jpg.white.png"; // the fifth of the goldens; a square, so that it is shown once

    private static readonly ConversionRecipe s_recipe = new()
    {
        Categories = new Dictionary<string, IReadOnlyDictionary<string, double>> { ["nsfw"] = new Dictionary<string, double> { ["Sexual"] = 1 } },
        FullCategories = ["Sexual"],
    };

    [Theory]
    [InlineData("tiny-vit", false)]
    [InlineData("tiny-siglip-cls", true)]
    [InlineData("tiny-convnext", false)]
    public async Task The_engine_judges_an_image_by_the_reference_s_probability(string checkpoint, bool pointsAtPlaces)
    {
        using var folder = new TemporaryFolder();
        await ConvertAsync(checkpoint, folder.PathOf("model"));
        SafetyPolicy policy = SafetyPolicy.Define("test", "1").Category(HarmCategory.Sexual).Build();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseClassifier(folder.PathOf("model")));
        GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromFile(Fixture.PathOf(Image)), TestContext.Current.CancellationToken);
        Assert.Null(result.Failure);
        Finding finding = Assert.Single(result.Findings);
        float expected = Golden.ReadFrom($"classifiers/{checkpoint}")["probabilities"].At(4, 1)[0];
        Assert.Equal(expected, finding.Score!.Value, 1e-5);
        Assert.Equal(pointsAtPlaces, finding.Evidence.HeatMap is not null);
    }

    [Fact]
    public async Task What_each_place_adds_to_a_logit_of_siglip_adds_up_to_it()
    {
        using var folder = new TemporaryFolder();
        await ConvertAsync("tiny-siglip-cls", folder.PathOf("model"));
        string model = folder.PathOf("model/model.onnx");
        Dictionary<string, Golden> goldens = Golden.ReadFrom("classifiers/tiny-siglip-cls");
        var one = new Golden([1, 3, 32, 32], goldens["pixel_values"].At(0));
        float[] features = EncoderRun.Run(model, "pixel_values", one, "features"), weights = EncoderRun.Run(model, "pixel_values", one, "head_weights");
        float[] logits = goldens["logits"].At(0);
        double difference = Enumerable.Range(0, features.Length).Sum(i => features[i] * (weights[48 + (i / 16)] - weights[i / 16])) / 16; // [48 channels, 4 · 4 places]
        double bias = BiasDifference();
        Assert.Equal(logits[1] - logits[0], difference + bias, 1e-4);

        static double BiasDifference()
        {
            using EncoderModel source = new SiglipClassifier().Read(Fixture.PathOf("classifiers/tiny-siglip-cls"), new ConversionRecipe());
            float[] bias = ((TransformerEncoder)source.Encoders[0]).Head.Projection!.Bias!;
            return bias[1] - bias[0];
        }
    }

    [Fact]
    public async Task Weights_beside_a_graph_are_loaded_and_checked()
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("model");
        ModelManifest manifest = (await ConvertAsync("tiny-vit", path)).Manifest;
        using (EncoderModel source = ((IEncoderFamily)ModelFamilies.Find(Fixture.PathOf("classifiers/tiny-vit"), null)).Read(Fixture.PathOf("classifiers/tiny-vit"), s_recipe))
        {
            OnnxGraph graph = source.Encoders[0].Write(new Float32Form()).Graph;
            WrittenModel written = OnnxFile.Write(Path.Combine(path, "model.onnx"), graph, "test", "1", (_, _) => { }, CancellationToken.None, mostInside: 0);
            ModelManifest changed = manifest with
            {
                Sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(path, "model.onnx")))),
                Files = new Dictionary<string, string> { ["model.onnx_data"] = written.DataSha256! },
            };
            await File.WriteAllTextAsync(Path.Combine(path, ModelManifest.FileName), changed.ToJson(), TestContext.Current.CancellationToken);
        }

        ModelSelfTest examination = await ModelSelfTest.RunAsync(ModelPackage.Open(path), new ExecutionOptions());
        Assert.True(examination.IsSound);

        string weights = Path.Combine(path, "model.onnx_data");
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[100] ^= 1;
        File.WriteAllBytes(weights, bytes);
        using var sessions = new SessionCache();
        ModelLoadException exception = await Assert.ThrowsAsync<ModelLoadException>(() => sessions.GetAsync(ModelPackage.Open(path).Image(null), new ExecutionOptions().Validate()));
        Assert.Contains("'model.onnx_data' is not the file", exception.Message, StringComparison.Ordinal);
    }

    private static Task<ConversionResult> ConvertAsync(string checkpoint, string destination) =>
        ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.PathOf($"classifiers/{checkpoint}"), Destination = destination, Recipe = s_recipe });
}

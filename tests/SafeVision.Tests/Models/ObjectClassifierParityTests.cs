using System.Text.Json;
using SafeVision.Engines.ClosedSet;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Models;

/// <summary>The converted EfficientNet-Lite0 against the reference forward pass, from the file to the logits.</summary>
public sealed class ObjectClassifierParityTests : IAsyncLifetime
{
    private const double Tolerance = 1e-4;

    private static readonly JsonElement s_goldens = GoldenTensors.Json("efficientnet-lite0/goldens.json");

    private readonly SessionCache _sessions = new();
    private ClassifierNetwork _network = null!;

    public async ValueTask InitializeAsync() =>
        _network = await ClassifierNetwork.LoadAsync(ModelPackage.Open(Repository.PathOf("models/float32/efficientnet-lite0")), _sessions, new ExecutionOptions(), CancellationToken.None);

    [Fact]
    public async Task Logits_features_and_the_top_five_are_the_references()
    {
        using BatchBinding binding = LogitsAndFeatures();
        foreach (string photo in Photos.Names)
        {
            JsonElement golden = s_goldens.GetProperty(photo);
            await RunAsync(binding, photo);
            float[] logits = binding.Output(0, 0).ToArray();
            float[] features = [.. Means(binding.Output(1, 0).ToArray())];
            float[] shares = new float[logits.Length];
            Probabilities.SoftMax(logits, shares);

            AssertClose(Numbers(golden, "logits_first8"), logits[..8], photo);
            AssertClose(Numbers(golden, "features_first8"), features[..8], photo);
            JsonElement[] top = [.. golden.GetProperty("top5").EnumerateArray()];
            Assert.Equal(top.Select(entry => entry[0].GetInt32()), shares.Index().OrderByDescending(share => share.Item).Take(5).Select(share => share.Index));
            AssertClose([.. top.Select(entry => entry[2].GetSingle())], [.. top.Select(entry => shares[entry[0].GetInt32()])], photo);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_mean_of_a_labels_activation_map_is_its_logit_up_to_one_bias_for_all_pictures(bool inIntegers)
    {
        if (inIntegers)
        {
            _network.Dispose();
            _network = await ClassifierNetwork.LoadAsync(DefaultModels.Objects, _sessions, new ExecutionOptions(), CancellationToken.None);
        }

        using BatchBinding binding = LogitsAndFeatures();
        int labels = _network.Labels;
        float[]? biases = null;
        foreach (string photo in Photos.Names)
        {
            await RunAsync(binding, photo);
            float[] logits = binding.Output(0, 0).ToArray();
            float[] rest = new float[labels];
            float[] map = new float[_network.MapWidth * _network.MapHeight];
            for (int label = 0; label < labels; label++)
            {
                Array.Clear(map);
                _network.AddActivationMap(binding.Output(1, 0), _network.HeadWeights(label), map);
                rest[label] = logits[label] - map.Average();
            }

            biases ??= rest;
            double scale = logits.Max(Math.Abs);
            Assert.All(Enumerable.Range(0, labels), label => Assert.InRange(Math.Abs(rest[label] - biases[label]) / scale, 0, Tolerance));
        }
    }

    /// <summary>The engine reads probabilities where the graph has them; what is compared here are the logits before.</summary>
    private BatchBinding LogitsAndFeatures()
    {
        ModelManifest manifest = _network.Package.Manifest;
        int[] map = _network.Session.OutputShape(manifest.Outputs["features"]); // [batch, channels, height, width]
        return new BatchBinding(
            _network.Session,
            new TensorSpec(manifest.Input, [3, _network.Recipe.InputSize, _network.Recipe.InputSize]),
            [new(manifest.Outputs["logits"], [_network.Labels]), new(manifest.Outputs["features"], [map[1], map[2], map[3]])],
            capacity: 1);
    }

    private async Task RunAsync(BatchBinding binding, string photo)
    {
        // The reference ignores colour profiles, and rocket.jpg has one that is not sRGB.
        using DecodedImage image = await new SkiaImageDecoder().DecodeAsync(Photos.WithoutProfile(photo), new ImageDecodeOptions(), CancellationToken.None);
        ImageFrame frame = image.Frames[0];
        new ImagePreprocessor(_network.Recipe).Write(frame.Pixels, frame.Width, frame.Height, ImageRegion.Whole(frame.Width, frame.Height), binding.Input(0));
        binding.Run(0, 1, CancellationToken.None);
    }

    private IEnumerable<float> Means(float[] map) => map.Chunk(_network.MapWidth * _network.MapHeight).Select(cells => cells.Average());

    private static float[] Numbers(JsonElement golden, string name) => [.. golden.GetProperty(name).EnumerateArray().Select(number => number.GetSingle())];

    private static void AssertClose(float[] expected, float[] actual, string photo)
    {
        double difference = ProviderSelfCheck.RelativeDifference(expected, actual);
        Assert.True(difference <= Tolerance, $"{photo}: differs by {difference:0.0e0} of the largest number; at most {Tolerance:0.0e0} is the same.");
    }

    public ValueTask DisposeAsync()
    {
        _network.Dispose();
        _sessions.Dispose();
        return ValueTask.CompletedTask;
    }
}

using System.Text.Json.Nodes;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Tfjs;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests.Tfjs;

public sealed class TfjsConversionTests
{
    [Fact]
    public async Task Layers_and_graph_of_one_network_give_the_same_numbers_in_every_form()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyTfjs();
        float[] input = GoldenInput.Create(5, 2 * 3 * 8 * 8);
        float[][] results = [.. await Task.WhenAll(new[] { (true, true), (true, false), (false, true), (false, false) }.Select(async form =>
        {
            (bool layers, bool bundle) = form;
            string source = folder.PathOf($"{layers}-{bundle}"), destination = $"{source}-onnx";
            TinyTfjs.Write(source, layers ? TinyTfjs.Layers : TinyTfjs.Graph, layers ? tiny.Weights : tiny.GraphWeights, bundle, quantize: false);
            await ModelConverter.ConvertAsync(new ConversionOptions { Source = source, Destination = destination, Recipe = TinyTfjs.Recipe });
            using var model = new ModelRunner(destination);
            return model.Run(input, 2, "probabilities");
        }))];
        Assert.All(results, result => Assert.All(results[0].Zip(result), pair => Assert.Equal(pair.First, pair.Second, 1e-5)));
        Assert.Equal(results[0], results[1]);
        Assert.Equal(1, results[0][..3].Sum(), 1e-5);
        Assert.Equal(6, results[0].Length);
        Assert.True(Enumerable.Range(0, 3).Any(i => Math.Abs(results[0][i] - results[0][i + 3]) > 1e-3), "two pictures must differ");
    }

    [Fact]
    public async Task Weights_of_8_bits_stay_8_bits_in_the_file()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyTfjs();
        (int[], float[]) Widen((int[] Shape, float[] Values) weight) => ([4, 4096], [.. Enumerable.Range(0, 4 * 4096).Select(i => weight.Values[i % weight.Values.Length])]);
        tiny.Weights["head/kernel"] = Widen(tiny.Weights["head/kernel"]);
        tiny.Weights["head/bias"] = ([4096], new float[4096]);
        TinyTfjs.Write(folder.PathOf("source"), TinyTfjs.Layers, tiny.Weights, bundle: true, quantize: true);
        ConversionRecipe recipe = TinyTfjs.Recipe with { Labels = [.. Enumerable.Range(0, 4096).Select(i => $"label {i}")] };
        ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("onnx"), Recipe = recipe });
        Assert.InRange(result.Manifest.Bytes, 4 * 4096, (4 * 4096) + (4 * 4096) + 12_000); // kernel as bytes, bias as float32
        Assert.InRange(result.LargestDifference, 0, 1e-5);
    }

    [Fact]
    public async Task A_head_of_several_dense_layers_has_features_but_no_head_weights()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyTfjs();
        JsonObject model = TinyTfjs.Layers;
        JsonArray layers = model["modelTopology"]!["model_config"]!["config"]!["layers"]!.AsArray();
        layers.Add(JsonNode.Parse("""{"class_name": "Dense", "config": {"name": "last", "activation": "softmax", "use_bias": false}, "inbound_nodes": [[["head", 0, 0, {}]]]}"""));
        layers[1]!["config"]!["activation"] = "relu";
        tiny.Weights["last/kernel"] = ([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        TinyTfjs.Write(folder.PathOf("source"), model, tiny.Weights, bundle: false, quantize: false);
        ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("onnx"), Recipe = TinyTfjs.Recipe });
        Assert.Equal(["logits", "probabilities", "features"], result.Manifest.Outputs.Keys);
    }

    [Theory]
    [InlineData("\"op\": \"Softmax\"", "\"op\": \"Sin\"", "Sin")]
    [InlineData("\"U0FNRQ==\"", "\"*\"", "base64")]
    [InlineData("[\"net/add\"]", "[\"net/softmax\"]", "circle")]
    [InlineData("[\"net/add\"]", "[\"net/nowhere\"]", "net/nowhere")]
    [InlineData("[\"net/add\"]", "7", "form")]
    [InlineData("[\"input\", \"net/conv1/w\", \"net/conv1/b\"]", "[\"input\", \"net/conv1/w\"]", "constant")]
    [InlineData("[\"input\", \"net/conv1/w\", \"net/conv1/b\"]", "[\"input\", \"net/dw/w\", \"net/conv1/b\"]", "channels")]
    [InlineData("[\"input\", \"net/conv1/w\", \"net/conv1/b\"]", "[\"input\", \"head/kernel\", \"net/conv1/b\"]", "four dimensions")]
    [InlineData("{\"size\": \"8\"}", "{\"size\": \"999999\"}", "square colour pictures")]
    [InlineData("\"name\": \"net/pool\"", "\"name\": \"net/add\"", "two nodes")]
    [InlineData("\"1\", \"2\", \"2\", \"1\"", "\"1\", \"0\", \"2\", \"1\"", "strides")]
    public async Task A_graph_that_makes_no_sense_is_refused_with_its_place(string part, string replacement, string message)
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyTfjs();
        string compact = part.Replace(" ", "", StringComparison.Ordinal);
        string text = TinyTfjs.Graph.ToJsonString();
        Assert.Contains(compact, text, StringComparison.Ordinal);
        TinyTfjs.Write(folder.PathOf("source"), JsonNode.Parse(text.Replace(compact, replacement, StringComparison.Ordinal))!.AsObject(), tiny.GraphWeights, bundle: false, quantize: false);
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(
            new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("onnx"), Recipe = TinyTfjs.Recipe }));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.PathOf("onnx")));
    }

    [Theory]
    [InlineData("\"paths\":[\"group1", "\"paths\":[\"../group1", "same folder")]
    [InlineData("\"paths\":[\"group1-shard1of2.bin\",", "\"paths\":[", "more bytes")]
    [InlineData("\"shape\":[3,3,3,4]", "\"shape\":[3,3,3,3]", "the weights take")]
    [InlineData("\"shape\":[3,3,3,4]", "\"shape\":[2147483647,2147483647,2147483647,2147483647,2147483647]", "more bytes")]
    [InlineData("\"shape\":[3,3,3,4]", "\"shape\":[-3,3,3,4]", "not negative")]
    [InlineData("\"dtype\":\"float32\"", "\"dtype\":\"complex64\"", "complex64")]
    [InlineData("\"name\":\"head/bias\"", "\"name\":\"head/kernel\"", "twice")]
    [InlineData("\"name\":\"head/bias\",\"shape\"", "\"name\":\"tail/bias\",\"shape\"", "head/bias")]
    public void Weights_that_do_not_fit_their_shards_are_refused(string part, string replacement, string message)
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyTfjs();
        TinyTfjs.Write(folder.Root, TinyTfjs.Layers, tiny.Weights, bundle: false, quantize: false);
        string text = File.ReadAllText(folder.PathOf("model.json"));
        Assert.Contains(part, text, StringComparison.Ordinal);
        File.WriteAllText(folder.PathOf("model.json"), text.Replace(part, replacement, StringComparison.Ordinal));
        CheckpointException exception = Assert.Throws<CheckpointException>(() =>
        {
            using TfjsCheckpoint checkpoint = TfjsCheckpoint.Open(folder.Root);
            new LayersModelReader(checkpoint).Read();
        });
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config")]
    [InlineData("class_name")]
    public void A_layers_model_without_layers_is_refused(string removed)
    {
        using var folder = new TemporaryFolder();
        JsonObject model = TinyTfjs.Layers;
        if (removed == "config")
        {
            model["modelTopology"]!["model_config"]!.AsObject().Remove("config");
        }
        else
        {
            model["modelTopology"]!["model_config"]!["config"]!["layers"]![3]!.AsObject().Remove("class_name");
        }

        TinyTfjs.Write(folder.Root, model, new TinyTfjs().Weights, bundle: false, quantize: false);
        Assert.Throws<CheckpointException>(() =>
        {
            using TfjsCheckpoint checkpoint = TfjsCheckpoint.Open(folder.Root);
            new LayersModelReader(checkpoint).Read();
        });
    }

    [Fact]
    public void A_quantised_weight_keeps_its_bytes()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyTfjs();
        TinyTfjs.Write(folder.Root, TinyTfjs.Layers, tiny.Weights, bundle: true, quantize: true);
        using TfjsCheckpoint checkpoint = TfjsCheckpoint.Open(folder.Root);
        StoredTensor kernel = checkpoint.Weight("conv1/kernel");
        Assert.Equal(TensorElement.UInt8, kernel.Element);
        Assert.All(tiny.Weights["conv1/kernel"].Values.Zip(kernel.ToDouble()), pair => Assert.Equal(pair.First, pair.Second, kernel.Dequantization!.Scales[0] * 0.51));
    }
}

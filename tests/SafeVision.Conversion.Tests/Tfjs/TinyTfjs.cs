using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SafeVision.Conversion.Tests.Tfjs;

/// <summary>
/// One small classifier with random weights, as a Keras layers model and as the frozen graph that a converter would make
/// of it: batch normalisation folded, bias and activation fused.
/// </summary>
internal sealed partial class TinyTfjs
{
    private const double Epsilon = 0.001;

    private readonly Random _random = new(7);

    public TinyTfjs()
    {
        Convolution("conv1", "kernel", [3, 3, 3, 4], bias: false);
        Normalization("bn1", 4, gamma: true);
        Convolution("dw", "depthwise_kernel", [3, 3, 4, 1], bias: false);
        Normalization("bn2", 4, gamma: false);
        Convolution("project", "kernel", [1, 1, 4, 4], bias: true);
        Add("head/kernel", [4, 3], () => Between(-1, 1));
        Add("head/bias", [3], () => Between(-1, 1));
    }

    public Dictionary<string, (int[] Shape, float[] Values)> Weights { get; } = [];

    public static string[] Labels => ["cat", "dog", "neither"];

    public static ConversionRecipe Recipe => new() { Id = "tiny", Labels = Labels };

    public static JsonObject Layers => Parse("""
        {"modelTopology": {"keras_version": "2.2.4", "model_config": {"class_name": "Model", "config": {"name": "tiny", "layers": [
          {"class_name": "InputLayer", "config": {"name": "input_1", "batch_input_shape": [null, 8, 8, 3]}, "inbound_nodes": []},
          {"class_name": "Dense", "config": {"name": "head", "activation": "softmax", "use_bias": true}, "inbound_nodes": [[["flat", 0, 0, {}]]]},
          {"class_name": "ZeroPadding2D", "config": {"name": "pad", "padding": [[0, 1], [0, 1]]}, "inbound_nodes": [[["input_1", 0, 0, {}]]]},
          {"class_name": "Conv2D", "config": {"name": "conv1", "strides": [2, 2], "padding": "valid", "use_bias": false, "activation": "linear", "dilation_rate": [1, 1]}, "inbound_nodes": [[["pad", 0, 0, {}]]]},
          {"class_name": "BatchNormalization", "config": {"name": "bn1", "epsilon": 0.001, "scale": true, "center": true}, "inbound_nodes": [[["conv1", 0, 0, {}]]]},
          {"class_name": "ReLU", "config": {"name": "relu1", "max_value": 6}, "inbound_nodes": [[["bn1", 0, 0, {}]]]},
          {"class_name": "DepthwiseConv2D", "config": {"name": "dw", "strides": [1, 1], "padding": "same", "use_bias": false, "activation": "linear"}, "inbound_nodes": [[["relu1", 0, 0, {}]]]},
          {"class_name": "BatchNormalization", "config": {"name": "bn2", "epsilon": 0.001, "scale": false, "center": true}, "inbound_nodes": [[["dw", 0, 0, {}]]]},
          {"class_name": "Activation", "config": {"name": "relu2", "activation": "relu"}, "inbound_nodes": [[["bn2", 0, 0, {}]]]},
          {"class_name": "Conv2D", "config": {"name": "project", "strides": [1, 1], "padding": "same", "use_bias": true, "activation": "linear"}, "inbound_nodes": [[["relu2", 0, 0, {}]]]},
          {"class_name": "Add", "config": {"name": "add"}, "inbound_nodes": [[["project", 0, 0, {}], ["relu1", 0, 0, {}]]]},
          {"class_name": "AveragePooling2D", "config": {"name": "pool", "pool_size": [4, 4], "strides": [4, 4], "padding": "valid"}, "inbound_nodes": [[["add", 0, 0, {}]]]},
          {"class_name": "Flatten", "config": {"name": "flat"}, "inbound_nodes": [[["pool", 0, 0, {}]]]}
        ]}}}}
        """);

    public static JsonObject Graph => Parse("""
        {"format": "graph-model", "modelTopology": {"node": [
          {"name": "input", "op": "Placeholder", "attr": {"shape": {"shape": {"dim": [{"size": "-1"}, {"size": "8"}, {"size": "8"}, {"size": "3"}]}}}},
          {"name": "net/conv1/w", "op": "Const"}, {"name": "net/conv1/b", "op": "Const"}, {"name": "net/dw/w", "op": "Const", "input": ["^input"]}, {"name": "net/dw/b", "op": "Const"},
          {"name": "project/kernel", "op": "Const"}, {"name": "project/bias", "op": "Const"}, {"name": "head/kernel", "op": "Const"}, {"name": "head/bias", "op": "Const"},
          {"name": "net/conv1", "op": "_FusedConv2D", "input": ["input", "net/conv1/w", "net/conv1/b"], "attr": {"strides": {"list": {"i": ["1", "2", "2", "1"]}}, "padding": {"s": "U0FNRQ=="}, "data_format": {"s": "TkhXQw=="}, "fused_ops": {"list": {"s": ["Qmlhc0FkZA==", "UmVsdTY="]}}}},
          {"name": "net/dw", "op": "FusedDepthwiseConv2dNative", "input": ["net/conv1", "net/dw/w", "net/dw/b"], "attr": {"strides": {"list": {"i": ["1", "1", "1", "1"]}}, "padding": {"s": "U0FNRQ=="}, "fused_ops": {"list": {"s": ["Qmlhc0FkZA==", "UmVsdQ=="]}}}},
          {"name": "net/project", "op": "_FusedConv2D", "input": ["net/dw", "project/kernel", "project/bias"], "attr": {"strides": {"list": {"i": ["1", "1", "1", "1"]}}, "padding": {"s": "VkFMSUQ="}, "fused_ops": {"list": {"s": ["Qmlhc0FkZA=="]}}}},
          {"name": "net/add", "op": "AddV2", "input": ["net/project", "net/conv1:0"]},
          {"name": "net/pool", "op": "AvgPool", "input": ["net/add"], "attr": {"ksize": {"list": {"i": ["1", "4", "4", "1"]}}, "strides": {"list": {"i": ["1", "1", "1", "1"]}}, "padding": {"s": "VkFMSUQ="}}},
          {"name": "net/squeeze", "op": "Squeeze", "input": ["net/pool"]},
          {"name": "net/head", "op": "_FusedMatMul", "input": ["net/squeeze", "head/kernel", "head/bias"], "attr": {"transpose_b": {"b": false}, "fused_ops": {"list": {"s": ["Qmlhc0FkZA=="]}}}},
          {"name": "net/softmax", "op": "Softmax", "input": ["net/head"]},
          {"name": "Identity", "op": "Identity", "input": ["net/softmax"]}
        ]}}
        """);

    /// <summary>The weights of the graph: those of the layers with their batch normalisation multiplied in.</summary>
    public Dictionary<string, (int[] Shape, float[] Values)> GraphWeights
    {
        get
        {
            var weights = Weights.Where(entry => entry.Key.StartsWith("project", StringComparison.Ordinal) || entry.Key.StartsWith("head", StringComparison.Ordinal)).ToDictionary();
            Fold(weights, "net/conv1", "conv1/kernel", "bn1");
            Fold(weights, "net/dw", "dw/depthwise_kernel", "bn2");
            return weights;
        }
    }

    /// <summary>Writes a model as model.json with two shards, or as script bundles.</summary>
    public static void Write(string folder, JsonObject model, Dictionary<string, (int[] Shape, float[] Values)> weights, bool bundle, bool quantize)
    {
        Directory.CreateDirectory(folder);
        var data = new MemoryStream();
        var entries = new JsonArray();
        foreach ((string name, (int[] shape, float[] values)) in weights)
        {
            var entry = new JsonObject { ["name"] = name, ["shape"] = new JsonArray([.. shape.Select(size => (JsonNode)size)]), ["dtype"] = "float32" };
            if (quantize)
            {
                double least = values.Min(), scale = Math.Max((values.Max() - least) / 255.0, 1e-9);
                data.Write([.. values.Select(value => (byte)Math.Round((value - least) / scale))]);
                entry["quantization"] = new JsonObject { ["dtype"] = "uint8", ["scale"] = scale, ["min"] = least };
            }
            else
            {
                data.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            }

            entries.Add(entry);
        }

        byte[] bytes = data.ToArray();
        int cut = (bytes.Length / 2) - 1; // within a tensor
        string suffix = bundle ? "" : ".bin";
        model["weightsManifest"] = new JsonArray(new JsonObject { ["paths"] = new JsonArray($"group1-shard1of2{suffix}", $"group1-shard2of2{suffix}"), ["weights"] = entries });
        if (!bundle)
        {
            File.WriteAllText(Path.Combine(folder, "model.json"), model.ToJsonString());
            File.WriteAllBytes(Path.Combine(folder, "group1-shard1of2.bin"), bytes[..cut]);
            File.WriteAllBytes(Path.Combine(folder, "group1-shard2of2.bin"), bytes[cut..]);
            return;
        }

        string literal = BareKeys().Replace(model.ToJsonString(), "$1:").Replace(":true", ":!0", StringComparison.Ordinal).Replace(":false", ":!1", StringComparison.Ordinal).Replace(":0.", ":.", StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "model.min.js"), Bundle(literal));
        File.WriteAllText(Path.Combine(folder, "group1-shard1of2.min.js"), Bundle($"\"{Convert.ToBase64String(bytes[..cut])}\""));
        File.WriteAllText(Path.Combine(folder, "group1-shard2of2.min.js"), Bundle($"\"{Convert.ToBase64String(bytes[cut..])}\""));
    }

    private static string Bundle(string payload) =>
        $"!function(t){{module.exports=t()}}(function(){{return function t(e){{return e}}({{1:[function(t,e,a){{e.exports={payload}}},{{}}]}},{{}},[1])}});";

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private void Fold(Dictionary<string, (int[] Shape, float[] Values)> weights, string target, string kernel, string normalization)
    {
        (int[] shape, float[] values) = Weights[kernel];
        float[] mean = Weights[$"{normalization}/moving_mean"].Values, variance = Weights[$"{normalization}/moving_variance"].Values, beta = Weights[$"{normalization}/beta"].Values;
        float[]? gamma = Weights.TryGetValue($"{normalization}/gamma", out (int[], float[] Values) found) ? found.Values : null;
        double[] factors = [.. variance.Select((value, i) => (gamma?[i] ?? 1) / Math.Sqrt(value + Epsilon))];
        weights[$"{target}/w"] = (shape, [.. values.Select((value, i) => (float)(value * factors[i % mean.Length]))]); // channels last
        weights[$"{target}/b"] = ([mean.Length], [.. mean.Select((value, i) => (float)(beta[i] - (value * factors[i])))]);
    }

    private void Convolution(string name, string kernel, int[] shape, bool bias)
    {
        Add($"{name}/{kernel}", shape, () => Between(-0.6, 0.6));
        if (bias)
        {
            Add($"{name}/bias", [shape[^1]], () => Between(-0.5, 0.5));
        }
    }

    private void Normalization(string name, int channels, bool gamma)
    {
        if (gamma)
        {
            Add($"{name}/gamma", [channels], () => Between(0.5, 1.5));
        }

        Add($"{name}/beta", [channels], () => Between(-0.5, 0.5));
        Add($"{name}/moving_mean", [channels], () => Between(-0.5, 0.5));
        Add($"{name}/moving_variance", [channels], () => Between(0.2, 2));
    }

    private void Add(string name, int[] shape, Func<float> next) =>
        Weights[name] = (shape, [.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(_ => next())]);

    private float Between(double least, double most) => (float)(least + (_random.NextDouble() * (most - least)));

    [GeneratedRegex("\"([A-Za-z_][A-Za-z_0-9]*)\":")]
    private static partial Regex BareKeys();
}

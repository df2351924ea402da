using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Layers;

namespace SafeVision.Conversion.Tfjs;

/// <summary>Builds the network of a frozen TensorFlow graph.</summary>
internal sealed class GraphModelReader(TfjsCheckpoint checkpoint)
{
    private readonly string _path = checkpoint.Path;
    private readonly Dictionary<string, Layer> _layers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredTensor> _constants = new(StringComparer.Ordinal);

    /// <summary>The input and the only node that no other takes.</summary>
    public (ImageInput Input, Layer Result) Read()
    {
        JsonElement[] nodes = [.. CheckpointJson.Property(checkpoint.Topology, "node", JsonValueKind.Array, _path).EnumerateArray()];
        (string Name, IReadOnlyList<string> Inputs)[] parts = [.. nodes.Select(node => (CheckpointJson.Text(node, "name", _path), InputsOf(node)))];
        foreach (int i in TfjsOrder.Sort(_path, parts))
        {
            Build(nodes[i], parts[i].Name, parts[i].Inputs);
        }

        string[] results = [.. parts.Select(part => part.Name).Except(parts.SelectMany(part => part.Inputs)).Where(_layers.ContainsKey)];
        ImageInput[] inputs = [.. _layers.Values.OfType<ImageInput>().Distinct()];
        return results.Length == 1 && inputs.Length == 1
            ? (inputs[0], _layers[results[0]])
            : throw new CheckpointException($"{_path}: has {inputs.Length} inputs and {results.Length} results; a classifier has one of each.");
    }

    private void Build(JsonElement node, string name, IReadOnlyList<string> inputs)
    {
        string operation = CheckpointJson.Text(node, "op", $"{_path}: node '{name}'");
        if (operation == "Const")
        {
            _constants[name] = checkpoint.Weight(name);
            return;
        }

        var attributes = new NodeAttributes(_path, name, node);
        string shortName = TfjsKernel.Shorten(name);
        _layers[name] = operation switch
        {
            "Placeholder" => new ImageInput(attributes.InputSize()),
            "Identity" => Input(name, inputs, 0),
            "Mul" or "Sub" or "Add" or "AddV2" => Combine(operation, name, inputs),
            "Conv2D" or "_FusedConv2D" => Fuse(attributes, shortName, bias => TfjsKernel.Convolve(
                _path, shortName, Input(name, inputs, 0), Constant(name, inputs, 1), bias, attributes.Strides(), attributes.Text("padding"), depthwise: false), name, inputs),
            "DepthwiseConv2dNative" or "FusedDepthwiseConv2dNative" => Fuse(attributes, shortName, bias => TfjsKernel.Convolve(
                _path, shortName, Input(name, inputs, 0), Constant(name, inputs, 1), bias, attributes.Strides(), attributes.Text("padding"), depthwise: true), name, inputs),
            "MatMul" or "_FusedMatMul" => Fuse(attributes.RequireUntransposed(), shortName, bias => TfjsKernel.Connect(
                _path, shortName, Input(name, inputs, 0), Constant(name, inputs, 1), bias), name, inputs),
            "Relu" => new Clip(shortName, Input(name, inputs, 0), null),
            "Relu6" => new Clip(shortName, Input(name, inputs, 0), 6),
            "AvgPool" or "MaxPool" => Pool(attributes, shortName, Input(name, inputs, 0), operation == "AvgPool"),
            "Squeeze" => Squeeze(shortName, Input(name, inputs, 0)),
            "Softmax" => new Softmax(shortName, Input(name, inputs, 0)),
            _ => throw new CheckpointException($"{_path}: node '{name}' is a {operation}, which is not known here."),
        };
    }

    /// <summary>A convolution or product together with what the converter fused to it: a bias, then perhaps an activation.</summary>
    private Layer Fuse(NodeAttributes attributes, string shortName, Func<StoredTensor?, Layer> build, string name, IReadOnlyList<string> inputs)
    {
        string[] fused = attributes.FusedOperations();
        bool hasBias = fused.Length > 0 && fused[0] == "BiasAdd";
        Layer result = build(hasBias ? Constant(name, inputs, 2) : null);
        foreach (string operation in fused.Skip(hasBias ? 1 : 0))
        {
            result = operation switch
            {
                "Relu" => new Clip($"{shortName}/relu", result, null),
                "Relu6" => new Clip($"{shortName}/relu6", result, 6),
                _ => throw new CheckpointException($"{_path}: node '{name}' has {operation} fused to it, which is not known here."),
            };
        }

        return result;
    }

    private Layer Combine(string operation, string name, IReadOnlyList<string> inputs)
    {
        string shortName = TfjsKernel.Shorten(name);
        if (inputs.Count == 2 && inputs.All(_layers.ContainsKey) && operation.StartsWith("Add", StringComparison.Ordinal))
        {
            return new Sum(shortName, _layers[inputs[0]], _layers[inputs[1]]);
        }

        bool constantFirst = inputs.Count == 2 && _constants.ContainsKey(inputs[0]);
        Layer input = Input(name, inputs, constantFirst ? 1 : 0);
        StoredTensor tensor = Constant(name, inputs, constantFirst ? 0 : 1);
        if (tensor.Count != 1)
        {
            throw new CheckpointException($"{_path}: node '{name}' combines with '{tensor.Name}', which is not a single number.");
        }

        double value = tensor.ToDouble()[0];
        return operation switch
        {
            "Mul" => new Affine(shortName, input, value, 0),
            "Sub" => constantFirst ? new Affine(shortName, input, -1, value) : new Affine(shortName, input, 1, -value),
            _ => new Affine(shortName, input, 1, value),
        };
    }

    private Pooling Pool(NodeAttributes attributes, string name, Layer input, bool average)
    {
        (int height, int width) = attributes.Pair("ksize");
        return new Pooling(name, input, TfjsKernel.Place(_path, name, input, height, width, attributes.Strides(), attributes.Text("padding")), average);
    }

    private Flatten Squeeze(string name, Layer input) => input.Shape is [_, 1, 1]
        ? new Flatten(name, input)
        : throw new CheckpointException($"{_path}: node '{name}' squeezes [{string.Join(", ", input.Shape)}]; only a picture of one pixel can be.");

    private Layer Input(string name, IReadOnlyList<string> inputs, int index) => index < inputs.Count && _layers.TryGetValue(inputs[index], out Layer? layer)
        ? layer
        : throw new CheckpointException($"{_path}: input {index} of node '{name}' must be the result of another node.");

    private StoredTensor Constant(string name, IReadOnlyList<string> inputs, int index) => index < inputs.Count && _constants.TryGetValue(inputs[index], out StoredTensor? tensor)
        ? tensor
        : throw new CheckpointException($"{_path}: input {index} of node '{name}' must be a constant.");

    /// <summary>The names of a node's inputs. One with ^ only orders execution and carries no data.</summary>
    private static IReadOnlyList<string> InputsOf(JsonElement node) => !node.TryGetProperty("input", out JsonElement inputs)
        ? []
        : [.. inputs.EnumerateArray().Select(input => input.GetString() ?? "").Where(input => !input.StartsWith('^')).Select(input => input.Split(':')[0])];
}

using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Layers;

namespace SafeVision.Conversion.Tfjs;

/// <summary>Builds the network of a Keras layers model, functional or sequential.</summary>
internal sealed class LayersModelReader(TfjsCheckpoint checkpoint)
{
    private readonly string _path = checkpoint.Path;
    private readonly Dictionary<string, Layer> _layers = new(StringComparer.Ordinal);

    /// <summary>The input and the only layer that no other takes.</summary>
    public (ImageInput Input, Layer Result) Read()
    {
        JsonElement model = CheckpointJson.Property(checkpoint.Topology, "model_config", JsonValueKind.Object, _path);

        // A functional model has {layers: […]} there; a sequential one of older make has the list itself.
        bool isList = model.TryGetProperty("config", out JsonElement config) && config.ValueKind == JsonValueKind.Array;
        JsonElement[] layers = [.. (isList ? config : CheckpointJson.Property(config, "layers", JsonValueKind.Array, _path)).EnumerateArray()];
        (string Name, IReadOnlyList<string> Inputs)[] parts = [.. layers.Select((layer, i) => (NameOf(layer), InputsOf(layer, i == 0 ? null : layers[i - 1])))];
        foreach (int i in TfjsOrder.Sort(_path, parts))
        {
            _layers[parts[i].Name] = Build(layers[i], parts[i].Name, [.. parts[i].Inputs.Select(input => _layers[input])]);
        }

        string[] results = [.. parts.Select(part => part.Name).Except(parts.SelectMany(part => part.Inputs))];
        ImageInput[] inputs = [.. _layers.Values.OfType<ImageInput>()];
        return results.Length == 1 && inputs.Length == 1
            ? (inputs[0], _layers[results[0]])
            : throw new CheckpointException($"{_path}: has {inputs.Length} inputs and {results.Length} results; a classifier has one of each.");
    }

    private Layer Build(JsonElement layer, string name, Layer[] inputs)
    {
        JsonElement config = CheckpointJson.Property(layer, "config", JsonValueKind.Object, _path);
        string kind = CheckpointJson.Text(layer, "class_name", $"{_path}: layer '{name}'");
        if (inputs.Length == 0 && kind != "InputLayer")
        {
            throw new CheckpointException($"{_path}: layer '{name}' takes nothing.");
        }

        switch (kind)
        {
            case "InputLayer":
                return new ImageInput(InputSize(config, name));
            case "Conv2D":
                return Activate(config, name, Convolve(config, name, inputs[0], "kernel", depthwise: false));
            case "DepthwiseConv2D":
                return Activate(config, name, Convolve(config, name, inputs[0], "depthwise_kernel", depthwise: true));
            case "BatchNormalization":
                return Normalize(config, name, inputs[0]);
            case "ReLU":
                return new Clip(name, inputs[0], config.TryGetProperty("max_value", out JsonElement maximum) && maximum.ValueKind == JsonValueKind.Number ? maximum.GetDouble() : null);
            case "Activation":
                return Activate(config, name, inputs[0]);
            case "Add":
                return inputs.Skip(1).Aggregate(inputs[0], (sum, input) => new Sum(name, sum, input));
            case "Concatenate":
                return new Concatenation(name, inputs);
            case "ZeroPadding2D":
                return Pad(config, name, inputs[0]);
            case "MaxPooling2D":
            case "AveragePooling2D":
                (int height, int width) = Pair(config, "pool_size", name);
                return new Pooling(name, inputs[0], TfjsKernel.Place(_path, name, inputs[0], height, width, Pair(config, "strides", name), PaddingOf(config, name)), kind[0] == 'A');
            case "GlobalAveragePooling2D":
                return new Flatten(name, Pooling.GlobalAverage($"{name}/pool", inputs[0]));
            case "Flatten":
                return new Flatten(name, inputs[0]);
            case "Dense":
                return Activate(config, name, TfjsKernel.Connect(_path, name, inputs[0], checkpoint.Weight($"{name}/kernel"), BiasOf(config, name)));
            case "Dropout":
                return inputs[0];
            default:
                throw new CheckpointException($"{_path}: layer '{name}' is a {kind}, which is not known here.");
        }
    }

    private Convolution Convolve(JsonElement config, string name, Layer input, string kernel, bool depthwise)
    {
        if (config.TryGetProperty("dilation_rate", out JsonElement rates) && rates.ValueKind == JsonValueKind.Array && Pair(config, "dilation_rate", name) != (1, 1))
        {
            throw new CheckpointException($"{_path}: layer '{name}' is dilated, which is not known here.");
        }

        return TfjsKernel.Convolve(
            _path, name, input, checkpoint.Weight($"{name}/{kernel}"), BiasOf(config, name), Pair(config, "strides", name), PaddingOf(config, name), depthwise);
    }

    private BatchNormalization Normalize(JsonElement config, string name, Layer input) => new(
        name, input,
        Flag(config, "scale", true) ? checkpoint.Weight($"{name}/gamma") : null,
        Flag(config, "center", true) ? checkpoint.Weight($"{name}/beta") : null,
        checkpoint.Weight($"{name}/moving_mean"), checkpoint.Weight($"{name}/moving_variance"),
        CheckpointJson.Number(config, "epsilon", $"{_path}: layer '{name}'"));

    private Layer Activate(JsonElement config, string name, Layer input)
    {
        string activation = config.TryGetProperty("activation", out JsonElement json) && json.ValueKind == JsonValueKind.String ? json.GetString()! : "linear";
        return activation switch
        {
            "linear" => input,
            "relu" => new Clip($"{name}/relu", input, null),
            "relu6" => new Clip($"{name}/relu6", input, 6),
            "softmax" => new Softmax($"{name}/softmax", input),
            _ => throw new CheckpointException($"{_path}: layer '{name}' has the activation '{activation}', which is not known here."),
        };
    }

    private Padding Pad(JsonElement config, string name, Layer input)
    {
        int[] sides = [.. CheckpointJson.Property(config, "padding", JsonValueKind.Array, $"{_path}: layer '{name}'").EnumerateArray()
            .SelectMany(side => side.ValueKind == JsonValueKind.Array ? side.EnumerateArray() : Enumerable.Repeat(side, 2))
            .Select(side => side.ValueKind == JsonValueKind.Number && side.TryGetInt32(out int value) ? value : -1)];
        return sides.Length == 4
            ? new Padding(name, input, sides[0], sides[2], sides[1], sides[3])
            : throw new CheckpointException($"{_path}: layer '{name}' needs a padding for each of the four sides.");
    }

    private int InputSize(JsonElement config, string name)
    {
        JsonElement[] shape = [.. CheckpointJson.Property(config, "batch_input_shape", JsonValueKind.Array, $"{_path}: layer '{name}'").EnumerateArray()];
        return shape.Length == 4 && shape.Skip(1).All(size => size.ValueKind == JsonValueKind.Number && size.TryGetInt32(out _))
            && shape[1].GetInt32() is >= 1 and <= ImageInput.LargestSize && shape[2].GetInt32() == shape[1].GetInt32() && shape[3].GetInt32() == 3
                ? shape[1].GetInt32()
                : throw new CheckpointException($"{_path}: layer '{name}' must take square colour pictures: [null, size, size, 3] with a size up to {ImageInput.LargestSize}.");
    }

    private StoredTensor? BiasOf(JsonElement config, string name) => Flag(config, "use_bias", true) ? checkpoint.Weight($"{name}/bias") : null;

    private string PaddingOf(JsonElement config, string name) => CheckpointJson.Text(config, "padding", $"{_path}: layer '{name}'");

    private (int Y, int X) Pair(JsonElement config, string property, string name)
    {
        JsonElement[] values = [.. CheckpointJson.Property(config, property, JsonValueKind.Array, $"{_path}: layer '{name}'").EnumerateArray()];
        return values.Length == 2 && values.All(value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number is >= 1 and <= ImageInput.LargestSize)
            ? (values[0].GetInt32(), values[1].GetInt32())
            : throw new CheckpointException($"{_path}: layer '{name}': '{property}' must be two whole numbers from 1.");
    }

    private static bool Flag(JsonElement config, string name, bool otherwise) => config.TryGetProperty(name, out JsonElement value) ? value.ValueKind == JsonValueKind.True : otherwise;

    private string NameOf(JsonElement layer) => CheckpointJson.Text(CheckpointJson.Property(layer, "config", JsonValueKind.Object, _path), "name", _path);

    /// <summary>What a functional model says, [[["name", 0, 0, {}], …]]; in a sequential one the layer before.</summary>
    private IReadOnlyList<string> InputsOf(JsonElement layer, JsonElement? before)
    {
        if (!layer.TryGetProperty("inbound_nodes", out JsonElement nodes))
        {
            return before is { } previous ? [NameOf(previous)] : [];
        }

        if (nodes.ValueKind != JsonValueKind.Array || nodes.GetArrayLength() > 1)
        {
            throw new CheckpointException($"{_path}: layer '{NameOf(layer)}' is used {(nodes.ValueKind == JsonValueKind.Array ? nodes.GetArrayLength() : 0)} times; once is read.");
        }

        return [.. nodes.EnumerateArray().SelectMany(node => node.ValueKind == JsonValueKind.Array ? node.EnumerateArray() : default).Select(input =>
            input.ValueKind == JsonValueKind.Array && input.GetArrayLength() > 0 && input[0].ValueKind == JsonValueKind.String
                ? input[0].GetString()!
                : throw new CheckpointException($"{_path}: layer '{NameOf(layer)}' has inbound_nodes of another form; save the model with Keras 2."))];
    }
}

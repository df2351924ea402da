using SafeVision.Conversion.Layers;

namespace SafeVision.Conversion.Onnx;

/// <summary>Writes a network as an ONNX graph, batch normalisations folded into the convolutions before them.</summary>
internal static class NetworkWriter
{
    public static OnnxGraph Write(Network network, string name)
    {
        var graph = new OnnxGraph(name);
        var weights = new OnnxWeights(graph);
        var names = new Dictionary<Layer, string>(ReferenceEqualityComparer.Instance);
        foreach ((string wanted, Layer layer) in network.Inputs.Concat(network.Outputs))
        {
            if (!names.TryAdd(layer, wanted))
            {
                throw new InvalidOperationException($"'{wanted}' and '{names[layer]}' are the same layer.");
            }
        }

        foreach (string wanted in network.Inputs.Keys.Concat(network.Outputs.Keys))
        {
            graph.Claim(wanted);
        }

        Dictionary<Convolution, BatchNormalization> folds = Folds(network);
        // Constants first: layers that share their weights then take the name that the output has.
        foreach (Layer layer in network.InOrder().OrderBy(layer => layer is Constant ? 0 : 1))
        {
            if (layer is BatchNormalization && layer.Inputs[0] is Convolution before && folds.ContainsKey(before))
            {
                continue; // written together with the convolution
            }

            Layer result = layer is Convolution convolution && folds.TryGetValue(convolution, out BatchNormalization? fold) ? fold : layer;
            if (!names.TryGetValue(result, out string? output))
            {
                names[result] = output = graph.Claim(result.Name);
            }

            if (result != layer)
            {
                ((Convolution)layer).WriteFolded(graph, weights, output, names[layer.Inputs[0]], (BatchNormalization)result);
                continue;
            }

            layer.Write(graph, weights, output, [.. layer.Inputs.Select(input => names[input])]);
        }

        foreach ((string output, Layer layer) in network.Outputs)
        {
            graph.Output(output, OutputShape(layer));
        }

        return graph;
    }

    private static Dictionary<Convolution, BatchNormalization> Folds(Network network)
    {
        IReadOnlyDictionary<Layer, int> uses = network.Uses();
        var folds = new Dictionary<Convolution, BatchNormalization>(ReferenceEqualityComparer.Instance);
        foreach (BatchNormalization normalization in network.InOrder().OfType<BatchNormalization>())
        {
            if (normalization.Inputs[0] is Convolution convolution && uses[convolution] == 1)
            {
                folds.Add(convolution, normalization);
            }
        }

        return folds;
    }

    private static (string, int?)[] OutputShape(Layer layer)
    {
        IEnumerable<(string, int?)> item = layer.Shape.Select((size, i) => ($"{layer.Name}_{i}", size == Layer.Open ? (int?)null : size));
        return layer is Constant ? [.. item] : [("batch", null), .. item];
    }
}

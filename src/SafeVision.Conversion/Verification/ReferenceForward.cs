using SafeVision.Conversion.Layers;

namespace SafeVision.Conversion.Verification;

/// <summary>Computes a network plainly, in float64, one item at a time: what ONNX Runtime's results are held against.</summary>
internal static class ReferenceForward
{
    /// <summary>The network's outputs for one item.</summary>
    /// <param name="network">The network.</param>
    /// <param name="inputs">One array for each of its inputs.</param>
    /// <param name="computed">Told after each layer.</param>
    /// <param name="cancellationToken">Ends the computation between two layers.</param>
    public static IReadOnlyDictionary<string, double[]> Run(
        Network network, IReadOnlyDictionary<string, double[]> inputs, Action computed, CancellationToken cancellationToken)
    {
        var values = new Dictionary<Layer, double[]>(ReferenceEqualityComparer.Instance);
        foreach ((string name, Layer input) in network.Inputs)
        {
            values[input] = inputs[name];
        }

        Dictionary<Layer, int> uses = new(network.Uses(), ReferenceEqualityComparer.Instance);
        foreach (Layer layer in network.InOrder())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!values.ContainsKey(layer))
            {
                values[layer] = layer.Compute([.. layer.Inputs.Select(input => values[input])]);
            }

            computed();
            foreach (Layer input in layer.Inputs)
            {
                if (--uses[input] == 0)
                {
                    values.Remove(input); // deep networks would otherwise hold every feature map at once
                }
            }
        }

        return network.Outputs.ToDictionary(output => output.Key, output => values[output.Value]);
    }
}

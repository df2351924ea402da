namespace SafeVision.Conversion.Layers;

/// <summary>A whole network: its inputs and what it yields, by the names that the graph gives them.</summary>
/// <param name="Inputs">Name → layer.</param>
/// <param name="Outputs">Name → layer, in the order of the graph.</param>
internal sealed record Network(IReadOnlyDictionary<string, Layer> Inputs, IReadOnlyDictionary<string, Layer> Outputs)
{
    /// <summary>Every layer that an output needs, each behind its inputs.</summary>
    public IReadOnlyList<Layer> InOrder()
    {
        var order = new List<Layer>();
        var state = new Dictionary<Layer, bool>(ReferenceEqualityComparer.Instance); // false: entered, true: done
        var open = new Stack<Layer>(Outputs.Values.Reverse()); // a chain of layers can be deeper than the call stack
        while (open.TryPeek(out Layer? layer))
        {
            if (state.TryAdd(layer, false))
            {
                foreach (Layer input in layer.Inputs.Reverse())
                {
                    if (!state.ContainsKey(input))
                    {
                        open.Push(input);
                    }
                }

                continue;
            }

            open.Pop();
            if (!state[layer])
            {
                state[layer] = true;
                order.Add(layer);
            }
        }

        return order;
    }

    /// <summary>How many layers take each layer's result, outputs of the network counted as one each.</summary>
    public IReadOnlyDictionary<Layer, int> Uses()
    {
        var uses = new Dictionary<Layer, int>(ReferenceEqualityComparer.Instance);
        foreach (Layer used in InOrder().SelectMany(layer => layer.Inputs).Concat(Outputs.Values))
        {
            uses[used] = uses.GetValueOrDefault(used) + 1;
        }

        return uses;
    }
}

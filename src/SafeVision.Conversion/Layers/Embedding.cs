using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>A row of a table for each token: [tokens, features]. Only the rows that are looked up become float32.</summary>
internal sealed class Embedding(string name, Layer tokens, StoredTensor table) : Layer(name, [Open, table.Shape[1]], tokens)
{
    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        if (table is not { Element: TensorElement.Int8, Dequantization.Scales: { Count: > 1 } scales })
        {
            graph.Node("Gather", output, [weights.Add(table), inputs[0]]);
            return;
        }

        string rows = graph.Node("Gather", graph.Claim($"{Name}/rows"), [graph.Stored($"{table.Name}/stored", table), inputs[0]]);
        string values = graph.Node("Cast", graph.Claim($"{Name}/cast"), [rows], OnnxAttribute.Integer("to", (int)TensorProto.Types.DataType.Float));
        string factors = graph.Singles($"{table.Name}/scale", [.. scales.Select(scale => (float)scale)], scales.Count, 1);
        graph.Node("Mul", output, [values, graph.Node("Gather", graph.Claim($"{Name}/factors"), [factors, inputs[0]])]);
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        double[] values = table.ToDouble();
        return [.. inputs[0].SelectMany(token => values.AsSpan((int)token * Features, Features).ToArray())];
    }
}

using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>The mean of the tokens that the mask shows, brought to length 1 (Reimers and Gurevych, arXiv 1908.10084).</summary>
internal sealed class SentenceVector(string name, Layer tokens, Layer mask) : Layer(name, [tokens.Features], tokens, mask)
{
    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        string number = graph.Node("Cast", graph.Claim($"{Name}/mask"), [inputs[1]], OnnxAttribute.Integer("to", (int)TensorProto.Types.DataType.Float));
        string wide = graph.Node("Unsqueeze", graph.Claim($"{Name}/mask_wide"), [number, graph.Integers($"{Name}/mask_axis", [1], 1)]); // [batch, 1, tokens]
        string sum = graph.Node("MatMul", graph.Claim($"{Name}/sum"), [wide, inputs[0]]);                                             // [batch, 1, features]
        string row = graph.Node("Squeeze", graph.Claim($"{Name}/row"), [sum, graph.Integers($"{Name}/row_axis", [1], 1)]);

        // The length of the sum takes the count of tokens with it: the mean has the same direction.
        string length = graph.Node("ReduceL2", graph.Claim($"{Name}/length"), [row], OnnxAttribute.Integers("axes", -1), OnnxAttribute.Integer("keepdims", 1));
        string safe = graph.Node("Max", graph.Claim($"{Name}/safe_length"), [length, graph.Singles($"{Name}/least", [1e-12f])]);
        graph.Node("Div", output, [row, safe]);
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        double[] mean = new double[Features];
        double count = inputs[1].Sum();
        for (int i = 0; i < inputs[0].Length; i++)
        {
            mean[i % Features] += inputs[0][i] * inputs[1][i / Features] / count;
        }

        double length = Math.Sqrt(mean.Sum(value => value * value));
        return [.. mean.Select(value => value / length)];
    }
}

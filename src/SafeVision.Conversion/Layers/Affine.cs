using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>Each number times a factor, plus an offset.</summary>
internal sealed class Affine(string name, Layer input, double factor, double offset) : Layer(name, [.. input.Shape], input)
{
    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        if (offset == 0)
        {
            graph.Node("Mul", output, [inputs[0], graph.Singles($"{Name}/factor", [(float)factor])]);
            return;
        }

        string scaled = factor == 1
            ? inputs[0]
            : graph.Node("Mul", graph.Claim($"{Name}/scaled"), [inputs[0], graph.Singles($"{Name}/factor", [(float)factor])]);
        graph.Node("Add", output, [scaled, graph.Singles($"{Name}/offset", [(float)offset])]);
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs) => [.. inputs[0].Select(value => (value * factor) + offset)];
}

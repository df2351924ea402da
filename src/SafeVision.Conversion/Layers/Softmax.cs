using SafeVision.Conversion.Onnx;
using SafeVision.Inference;

namespace SafeVision.Conversion.Layers;

/// <summary>Logits to probabilities.</summary>
internal sealed class Softmax : Layer
{
    public Softmax(string name, Layer input)
        : base(name, [.. input.Shape], input) =>
        Require(input.Shape.Count == 1, name, "needs one row of logits");

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs) =>
        graph.Node("Softmax", output, [inputs[0]], OnnxAttribute.Integer("axis", -1));

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        double[] probabilities = new double[inputs[0].Length];
        Probabilities.SoftMax(inputs[0], probabilities);
        return probabilities;
    }
}

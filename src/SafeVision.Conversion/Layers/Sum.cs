using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>The sum of two results of one shape.</summary>
internal sealed class Sum : Layer
{
    public Sum(string name, Layer first, Layer second)
        : base(name, [.. first.Shape], first, second) =>
        Require(first.Shape.SequenceEqual(second.Shape), name, $"[{string.Join(", ", first.Shape)}] and [{string.Join(", ", second.Shape)}] can't be added");

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs) =>
        graph.Node("Add", output, [inputs[0], inputs[1]]);

    public override double[] Compute(IReadOnlyList<double[]> inputs) => [.. inputs[0].Zip(inputs[1], (a, b) => a + b)];
}

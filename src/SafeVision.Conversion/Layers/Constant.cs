using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>Weights as an output of the graph, such as those of a classifier's head, from which activation maps are made.</summary>
internal sealed class Constant(StoredTensor tensor) : Layer(tensor.Name, [.. tensor.Shape])
{
    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs) => weights.Add(tensor, output);

    public override double[] Compute(IReadOnlyList<double[]> inputs) => tensor.ToDouble();
}

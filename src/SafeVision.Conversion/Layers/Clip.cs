using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>Rectified linear units, with an upper bound (6 in MobileNets) or without.</summary>
internal sealed class Clip(string name, Layer input, double? maximum) : Layer(name, [.. input.Shape], input)
{
    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        if (maximum is { } bound)
        {
            graph.Node("Clip", output, [inputs[0], graph.Singles($"{Name}/minimum", [0]), graph.Singles($"{Name}/maximum", [(float)bound])]);
        }
        else
        {
            graph.Node("Relu", output, [inputs[0]]);
        }
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs) =>
        [.. inputs[0].Select(value => Math.Min(Math.Max(value, 0), maximum ?? double.PositiveInfinity))];
}

using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>Pictures of one size stacked channel upon channel.</summary>
internal sealed class Concatenation(string name, params Layer[] inputs) : Layer(name, ShapeOf(name, inputs), inputs)
{
    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs) =>
        graph.Node("Concat", output, [.. inputs], OnnxAttribute.Integer("axis", 1));

    public override double[] Compute(IReadOnlyList<double[]> inputs) => [.. inputs.SelectMany(values => values)];

    private static int[] ShapeOf(string name, Layer[] inputs)
    {
        Require(inputs.Length > 0, name, "has nothing to concatenate");
        foreach (Layer input in inputs)
        {
            RequireImage(input, name);
            Require(input.Height == inputs[0].Height && input.Width == inputs[0].Width, name, "has inputs of different sizes");
        }

        return [inputs.Sum(input => input.Channels), inputs[0].Height, inputs[0].Width];
    }
}

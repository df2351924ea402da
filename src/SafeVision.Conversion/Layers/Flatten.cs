using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>A picture as one row of numbers, channels last: the order in which TensorFlow flattens.</summary>
internal sealed class Flatten : Layer
{
    public Flatten(string name, Layer input)
        : base(name, [input.Shape.Aggregate(1, (product, size) => checked(product * size))], input) =>
        Require(input.Shape.Count is 1 or 3, name, "only pictures can be flattened");

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        string source = inputs[0];
        if (Inputs[0].Shape.Count == 3 && Inputs[0].Height * Inputs[0].Width > 1)
        {
            source = graph.Node("Transpose", graph.Claim($"{Name}/channels_last"), [source], OnnxAttribute.Integers("perm", 0, 2, 3, 1));
        }

        graph.Node("Flatten", output, [source], OnnxAttribute.Integer("axis", 1));
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        Layer source = Inputs[0];
        if (source.Shape.Count == 1)
        {
            return inputs[0];
        }

        int places = source.Height * source.Width;
        return [.. Enumerable.Range(0, Features).Select(i => inputs[0][(i % source.Channels * places) + (i / source.Channels)])];
    }
}

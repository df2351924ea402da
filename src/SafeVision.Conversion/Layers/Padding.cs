using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>Rows and columns of zeros around a picture.</summary>
internal sealed class Padding : Layer
{
    private const int Most = 64;

    private readonly int _top;
    private readonly int _left;
    private readonly int _bottom;
    private readonly int _right;

    public Padding(string name, Layer input, int top, int left, int bottom, int right)
        : base(name, ShapeOf(name, input, top, left, bottom, right), input) =>
        (_top, _left, _bottom, _right) = (top, left, bottom, right);

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs) =>
        graph.Node("Pad", output, [inputs[0], graph.Integers($"{Name}/pads", [0, 0, _top, _left, 0, 0, _bottom, _right], 8)]);

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        Layer source = Inputs[0];
        double[] result = new double[Channels * Height * Width];
        for (int row = 0; row < source.Channels * source.Height; row++)
        {
            (int channel, int y) = Math.DivRem(row, source.Height);
            inputs[0].AsSpan(row * source.Width, source.Width).CopyTo(result.AsSpan((((channel * Height) + y + _top) * Width) + _left));
        }

        return result;
    }

    private static int[] ShapeOf(string name, Layer input, params int[] sides)
    {
        RequireImage(input, name);
        Require(sides.All(side => side is >= 0 and <= Most), name, $"padding must be 0 to {Most}");
        return [input.Channels, input.Height + sides[0] + sides[2], input.Width + sides[1] + sides[3]];
    }
}

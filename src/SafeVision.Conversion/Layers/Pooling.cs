using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>The mean or the largest number of each window; padding counts in neither.</summary>
internal sealed class Pooling : Layer
{
    private readonly Window _window;

    public Pooling(string name, Layer input, Window window, bool average)
        : base(name, ShapeOf(name, input, window), input) =>
        (_window, IsAverage) = (window, average);

    public bool IsAverage { get; }

    /// <summary>Whether it leaves one place: the pooling in front of a classifier's head.</summary>
    public bool IsGlobal => _window.Covers(Inputs[0]);

    public static Pooling GlobalAverage(string name, Layer input)
    {
        RequireImage(input, name);
        return new Pooling(name, input, new Window(input.Height, input.Width, 1, 1), average: true);
    }

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        if (IsAverage && IsGlobal)
        {
            graph.Node("GlobalAveragePool", output, [inputs[0]]);
            return;
        }

        graph.Node(
            IsAverage ? "AveragePool" : "MaxPool", output, [inputs[0]],
            OnnxAttribute.Integers("kernel_shape", _window.Height, _window.Width),
            OnnxAttribute.Integers("strides", _window.StrideY, _window.StrideX),
            OnnxAttribute.Integers("pads", _window.Pads));
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        double[] result = new double[Channels * Height * Width];
        for (int i = 0; i < result.Length; i++)
        {
            (int row, int x) = Math.DivRem(i, Width);
            (int channel, int y) = Math.DivRem(row, Height);
            result[i] = Pool(inputs[0], channel, (y * _window.StrideY) - _window.Top, (x * _window.StrideX) - _window.Left);
        }

        return result;
    }

    private double Pool(double[] input, int channel, int top, int left)
    {
        Layer source = Inputs[0];
        double sum = 0, largest = double.NegativeInfinity;
        int count = 0;
        for (int y = Math.Max(top, 0); y < Math.Min(top + _window.Height, source.Height); y++)
        {
            for (int x = Math.Max(left, 0); x < Math.Min(left + _window.Width, source.Width); x++)
            {
                double value = input[(((channel * source.Height) + y) * source.Width) + x];
                (sum, largest, count) = (sum + value, Math.Max(largest, value), count + 1);
            }
        }

        return IsAverage ? sum / count : largest;
    }

    private static int[] ShapeOf(string name, Layer input, Window window)
    {
        RequireImage(input, name);
        Require(window.Fits(input), name, "the window is larger than the picture");
        Require(window.Top < window.Height && window.Bottom < window.Height && window.Left < window.Width && window.Right < window.Width, name, "a window lies wholly in the padding");
        return [input.Channels, window.PlacesY(input.Height), window.PlacesX(input.Width)];
    }
}

using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>
/// One step of a network. It knows the shape of what it yields, how it is said in ONNX, and how to compute it plainly in
/// float64; the converter holds the second against the third.
/// </summary>
/// <param name="name">The name in the checkpoint, for messages and for the graph.</param>
/// <param name="shape">The shape of one item: [channels, height, width], [features], or [tokens, features] with tokens <see cref="Open"/>.</param>
/// <param name="inputs">The layers whose results it takes.</param>
internal abstract class Layer(string name, int[] shape, params Layer[] inputs)
{
    /// <summary>A size that is known only when the network runs.</summary>
    public const int Open = -1;

    // A damaged configuration can ask for feature maps that no memory holds.
    private const long MostNumbers = 1 << 26;

    public string Name { get; } = name;

    public IReadOnlyList<int> Shape { get; } = Bounded(name, shape);

    public IReadOnlyList<Layer> Inputs { get; } = inputs;

    public int Channels => Shape[0];

    public int Height => Shape[1];

    public int Width => Shape[2];

    public int Features => Shape[^1];

    /// <summary>Adds the nodes to a graph; the result goes by the name <paramref name="output"/>.</summary>
    public abstract void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs);

    /// <summary>The result for one item, in float64.</summary>
    public abstract double[] Compute(IReadOnlyList<double[]> inputs);

    private static int[] Bounded(string name, int[] shape)
    {
        long numbers = 1;
        foreach (int size in shape)
        {
            numbers *= Math.Abs((long)size);
            Require(numbers <= MostNumbers, name, $"yields [{string.Join(", ", shape)}], more than {MostNumbers} numbers for one item");
        }

        return shape;
    }

    /// <summary>Fails as a checkpoint whose parts do not fit together.</summary>
    protected static void Require(bool condition, string name, string problem)
    {
        if (!condition)
        {
            throw new CheckpointException($"'{name}': {problem}.");
        }
    }

    protected static void RequireImage(Layer input, string name) =>
        Require(input.Shape.Count == 3, name, $"needs an image-shaped input, but '{input.Name}' yields [{string.Join(", ", input.Shape)}]");
}

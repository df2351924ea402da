using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>The pictures: float32 [batch, 3, size, size].</summary>
internal sealed class ImageInput(int size) : Layer("input", [3, size, size])
{
    /// <summary>The largest side; larger ones are a damaged configuration rather than a classifier.</summary>
    public const int LargestSize = 2048;

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs) =>
        graph.Input(output, TensorProto.Types.DataType.Float, ("batch", null), ("channels", Channels), ("height", Height), ("width", Width));

    public override double[] Compute(IReadOnlyList<double[]> inputs) => throw new InvalidOperationException("An input is given, not computed.");
}

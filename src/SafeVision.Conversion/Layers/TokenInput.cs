using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>One whole number for each token: ids, or the mask that is 1 where a text is and 0 where it was filled up. int64 [batch, tokens].</summary>
internal sealed class TokenInput(string name) : Layer(name, [Open])
{
    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs) =>
        graph.Input(output, TensorProto.Types.DataType.Int64, ("batch", null), ("tokens", null));

    public override double[] Compute(IReadOnlyList<double[]> inputs) => throw new InvalidOperationException("An input is given, not computed.");
}

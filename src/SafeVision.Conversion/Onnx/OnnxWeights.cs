using SafeVision.Conversion.Checkpoints;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Onnx;

/// <summary>
/// Puts weights into a graph in the precision in which they are stored, followed by the nodes that make them float32.
/// Those nodes depend on no input, so that ONNX Runtime computes them once, when it loads the model: a small file costs
/// no time in a run. (DequantizeLinear would say the same, but ONNX Runtime deliberately does not fold that one.)
/// </summary>
internal sealed class OnnxWeights(OnnxGraph graph)
{
    private readonly Dictionary<StoredTensor, string> _written = new(ReferenceEqualityComparer.Instance);

    /// <summary>A small tensor, such as a bias, as float32.</summary>
    public string AddSmall(StoredTensor tensor) => _written.TryGetValue(tensor, out string? name)
        ? name
        : _written[tensor] = graph.Singles(tensor.Name, tensor.ToSingle(), [.. tensor.Shape]);

    /// <summary>A large tensor as stored; the result is the name of its float32 values.</summary>
    /// <param name="tensor">The weights.</param>
    /// <param name="output">The name that the float32 values get; null: one is made.</param>
    public string Add(StoredTensor tensor, string? output = null)
    {
        if (output is null && _written.TryGetValue(tensor, out string? name))
        {
            return name;
        }

        return _written[tensor] = Decode(tensor, output, null);
    }

    /// <summary>A convolution's kernel, each output channel times a factor; what folding a batch normalisation comes to.</summary>
    public string AddScaled(StoredTensor kernel, IReadOnlyList<double> factors) => Decode(kernel, null, factors);

    private string Decode(StoredTensor tensor, string? output, IReadOnlyList<double>? factors)
    {
        int[] perRow = [.. tensor.Shape.Select((_, dimension) => dimension == 0 ? tensor.Shape[0] : 1)];
        if (tensor.Element is TensorElement.Float32 or TensorElement.Float64 or TensorElement.UInt16)
        {
            double[] values = tensor.ToDouble();
            return graph.NamedSingles(output ?? graph.Claim(tensor.Name), [.. values.Select((value, i) => (float)(factors is null ? value : value * factors[i / tensor.RowLength]))], [.. tensor.Shape]);
        }

        string stored = graph.Stored($"{tensor.Name}/stored", tensor);
        output ??= graph.Claim($"{tensor.Name}/float32");
        if (tensor.Dequantization is not { } d)
        {
            return factors is null
                ? Cast(stored, output, DataType.Float)
                : graph.Node("Mul", output, [Cast(stored, graph.Claim($"{tensor.Name}/cast"), DataType.Float), graph.Singles($"{tensor.Name}/factor", [.. factors.Select(factor => (float)factor)], perRow)]);
        }

        if (factors is null && d is { Offset: 0, Scales.Count: > 1 })
        {
            string scales = graph.Singles($"{tensor.Name}/scale", [.. d.Scales.Select(scale => (float)scale)], perRow);
            return graph.Node("Mul", output, [Cast(stored, graph.Claim($"{tensor.Name}/cast"), DataType.Float), scales]);
        }

        // In float64, as tfjs computes it: in float32, scale and offset would each add a rounding of their own.
        int[] scaleShape = d.Scales.Count == 1 ? [] : perRow;
        string scaled = graph.Node(
            "Mul", graph.Claim($"{tensor.Name}/scaled"),
            [Cast(stored, graph.Claim($"{tensor.Name}/cast"), DataType.Double), graph.Doubles($"{tensor.Name}/scale", [.. d.Scales], scaleShape)]);
        string value64 = graph.Node("Add", graph.Claim($"{tensor.Name}/value"), [scaled, graph.Doubles($"{tensor.Name}/offset", [d.Offset])]);
        if (factors is not null)
        {
            value64 = graph.Node("Mul", graph.Claim($"{tensor.Name}/folded"), [value64, graph.Doubles($"{tensor.Name}/factor", [.. factors], perRow)]);
        }

        return Cast(value64, output, DataType.Float);
    }

    private string Cast(string input, string output, DataType type) => graph.Node("Cast", output, [input], OnnxAttribute.Integer("to", (int)type));
}

using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Quantization;

/// <summary>
/// Weights and computation in float16, for graphics processors. The CPU computes most of it in float32 and is no faster
/// than with float32 weights.
/// </summary>
internal sealed class Float16Form : IWeightForm
{
    public string Name => "float16";

    public string FileSuffix => "_fp16";

    public DataType Activations => DataType.Float16;

    public double Tolerance => 0.02;

    public string Linear(OnnxGraph graph, LinearLayer layer, string input)
    {
        string weight = HalfWeights.Add(graph, $"{layer.Name}.weight", layer.Weight);
        string product = graph.RuntimeNode("FusedMatMul", graph.Claim($"{layer.Name}/product"), [input, weight], OnnxAttribute.Integer("transB", 1));
        return layer.Bias is null
            ? product
            : graph.Node("Add", graph.Claim($"{layer.Name}/biased"), [product, HalfWeights.AddSmall(graph, $"{layer.Name}.bias", layer.Bias)]);
    }

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids) =>
        graph.Node("Gather", graph.Claim($"{table.Name}/rows"), [HalfWeights.Add(graph, table.Name, table), ids]);
}

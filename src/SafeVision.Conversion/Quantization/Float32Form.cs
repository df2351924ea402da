using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Quantization;

/// <summary>Weights as float32, whatever the checkpoint stores: nothing is lost.</summary>
internal sealed class Float32Form : IWeightForm
{
    public string Name => "float32";

    public string FileSuffix => "";

    public TensorProto.Types.DataType Activations => TensorProto.Types.DataType.Float;

    public double Tolerance => 1e-4;

    public string Linear(OnnxGraph graph, LinearLayer layer, string input)
    {
        // FusedMatMul takes the matrix as the checkpoint has it, [out, in]; MatMul would need it transposed in the file.
        string weight = graph.Weights($"{layer.Name}.weight", layer.Weight, layer.Weight.Rows, layer.Weight.Columns);
        string product = graph.RuntimeNode("FusedMatMul", graph.Claim($"{layer.Name}/product"), [input, weight], OnnxAttribute.Integer("transB", 1));
        return layer.Bias is null
            ? product
            : graph.Node("Add", graph.Claim($"{layer.Name}/biased"), [product, graph.Singles($"{layer.Name}.bias", layer.Bias, layer.Bias.Length)]);
    }

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids)
    {
        string rows = graph.Weights(table.Name, table, table.Rows, table.Columns);
        return graph.Node("Gather", graph.Claim($"{table.Name}/rows"), [rows, ids]);
    }
}

using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Benchmarks.Peers;

/// <summary>
/// Weights as OnnxRuntimeGenAI's model builder writes them for a processor: all in blocks of 32 with the inputs rounded block by
/// block (MatMulNBits, <c>accuracy_level</c> 4), the embeddings as they are, here in bytes to keep the file small.
/// </summary>
/// <param name="bits">4 or 8.</param>
internal sealed class BuilderForm(int bits) : IWeightForm
{
    public const string Prefix = "builder-int";

    public string Name => $"{Prefix}{bits}";

    public string FileSuffix => "";

    public DataType Activations => DataType.Float;

    public double Tolerance => 1;

    public string Linear(OnnxGraph graph, LinearLayer layer, string input) => BlockMatMul.Add(graph, layer, new BlockFormat(bits, 32), input);

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids) => ByteEmbedding.Add(graph, table, ids);
}

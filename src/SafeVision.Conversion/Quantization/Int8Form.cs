using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Quantization;

/// <summary>
/// Weights as signed bytes and the inputs of linear layers rounded as they arrive; the logits, which are compared with each
/// other, and the projector, which is small, from blocks that lose less.
/// </summary>
internal sealed class Int8Form : IWeightForm
{
    /// <summary>8 bits for what is sensitive. Blocks of 128 lose hardly more than those of 32 and are read faster.</summary>
    public static readonly BlockFormat SensitiveBlocks = new(8, 128);

    public string Name => "int8";

    public string FileSuffix => "_int8";

    public DataType Activations => DataType.Float;

    public double Tolerance => 0.3; // weights of another layer give more than 1

    public string Linear(OnnxGraph graph, LinearLayer layer, string input) =>
        layer.Role is LinearRole.Head or LinearRole.Projector
            ? BlockMatMul.Add(graph, layer, SensitiveBlocks, input)
            : DynamicMatMul.Add(graph, layer, input);

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids) => ByteEmbedding.Add(graph, table, ids);
}

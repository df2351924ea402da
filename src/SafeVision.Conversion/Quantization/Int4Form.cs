using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Quantization;

/// <summary>
/// The language model's layers in blocks of 4 bits, which makes tokens come fast: each needs every weight once, and reading
/// them is what takes the time. What is sensitive stays at 8 bits: embeddings, head, projector, and layers that 4 bits would
/// distort more than usual. The vision tower, which sees a thousand patches at once, is bound by arithmetic instead, where
/// blocks save little: it takes the form that is fastest there, <see cref="DynamicMatMul"/>.
/// </summary>
/// <param name="blockSize">32, 64 or 128: larger ones are smaller and faster, and lose more.</param>
internal sealed class Int4Form(int blockSize) : IWeightForm
{
    public const int DefaultBlock = 32;

    private readonly BlockFormat _blocks = new(4, blockSize);

    public string Name => blockSize == DefaultBlock ? "int4" : $"int4-block{blockSize}";

    public string FileSuffix => "_q4";

    public DataType Activations => DataType.Float;

    public double Tolerance => 0.7; // weights of another layer give more than 1

    public string Linear(OnnxGraph graph, LinearLayer layer, string input) => layer.Role switch
    {
        LinearRole.Vision => DynamicMatMul.Add(graph, layer, input),
        LinearRole.Head or LinearRole.Projector => BlockMatMul.Add(graph, layer, Int8Form.SensitiveBlocks, input),
        _ when RoundingSensitivity.IsSensitive(layer, _blocks) => BlockMatMul.Add(graph, layer, Int8Form.SensitiveBlocks, input),
        _ => BlockMatMul.Add(graph, layer, _blocks, input),
    };

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids) => ByteEmbedding.Add(graph, table, ids);
}

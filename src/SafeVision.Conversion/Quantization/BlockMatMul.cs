using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Quantization;

/// <summary>Linear layers whose weights are blocks: ONNX Runtime's MatMulNBits.</summary>
internal static class BlockMatMul
{
    private const int RoundActivations = 4; // multiplies in int8, the activations rounded block by block

    public static string Add(OnnxGraph graph, LinearLayer layer, BlockFormat format, string input)
    {
        (string blocks, string scales) = BlockWeights.Add(graph, $"{layer.Name}.weight", layer.Weight, format);
        string[] inputs = layer.Bias is null
            ? [input, blocks, scales]
            : [input, blocks, scales, "", "", graph.Singles($"{layer.Name}.bias", layer.Bias, layer.Bias.Length)];
        return graph.RuntimeNode(
            "MatMulNBits", graph.Claim($"{layer.Name}/product"), inputs,
            OnnxAttribute.Integer("K", layer.Weight.Columns), OnnxAttribute.Integer("N", layer.Weight.Rows),
            OnnxAttribute.Integer("bits", format.Bits), OnnxAttribute.Integer("block_size", format.BlockSize),
            OnnxAttribute.Integer("accuracy_level", RoundActivations));
    }
}

using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>From pixels to one vector a patch.</summary>
internal static class PatchEmbedding
{
    /// <summary>[pictures, channels, height, width] → [pictures, patches row by row, features].</summary>
    public static string Write(TransformerGraph blocks, string pixels, Projection patches, int channels, int size)
    {
        OnnxGraph graph = blocks.Graph;
        string kernel = graph.Weights("patches.weight", patches.Weight, patches.Features, channels, size, size);
        if (blocks.Activations != TensorProto.Types.DataType.Float)
        {
            kernel = blocks.Cast(kernel, graph.Claim("patches.weight/inside"), blocks.Activations);
        }

        string bias = blocks.Constant("patches.bias", patches.Bias ?? new float[patches.Features]);
        string map = graph.Node(
            "Conv", graph.Claim("patches"), [pixels, kernel, bias],
            OnnxAttribute.Integers("kernel_shape", size, size), OnnxAttribute.Integers("strides", size, size));
        string flat = blocks.Reshape("patches/flat", map, 0, patches.Features, -1);
        return blocks.Transpose("patches/tokens", flat, 0, 2, 1);
    }
}

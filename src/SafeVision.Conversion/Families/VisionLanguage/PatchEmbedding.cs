using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Verification;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>From pixels to one vector a patch.</summary>
internal static class PatchEmbedding
{
    private const int MostPatches = 1 << 14; // attention takes the square of it

    /// <summary>How many patches stand along a picture's side.</summary>
    /// <exception cref="CheckpointException">They do not come out even, or are more than can attend to each other.</exception>
    public static int Grid(int image, int patch, string where)
    {
        int grid = image / patch;
        return image % patch == 0 && grid * grid <= MostPatches
            ? grid
            : throw new CheckpointException($"{where}: a picture of {image} pixels can't be cut into patches of {patch}; they must come out even, and be at most {MostPatches}.");
    }

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

    /// <summary>[patches, numbers of a patch] → [patches, features], for patches that the host has cut out already.</summary>
    public static string WriteCut(TransformerGraph blocks, string pixels, Projection patches)
    {
        OnnxGraph graph = blocks.Graph;
        string weight = graph.Weights("patches.weight", patches.Weight, patches.Features, patches.Weight.Columns);
        if (blocks.Activations != TensorProto.Types.DataType.Float)
        {
            weight = blocks.Cast(weight, graph.Claim("patches.weight/inside"), blocks.Activations);
        }

        string product = graph.RuntimeNode("FusedMatMul", graph.Claim("patches"), [pixels, weight], OnnxAttribute.Integer("transB", 1));
        return patches.Bias is null ? product : blocks.Add("patches/biased", product, blocks.Constant("patches.bias", patches.Bias));
    }

    /// <summary>What <see cref="Write"/> says, plainly, for one square picture.</summary>
    public static float[] Compute(ReadOnlySpan<float> pixels, Projection patches, int channels, int image, int size)
    {
        int grid = image / size, columns = channels * size * size;
        float[] cut = new float[grid * grid * columns];
        for (int i = 0; i < grid * grid * channels * size; i++)
        {
            (int patch, int line) = Math.DivRem(i, channels * size);
            (int channel, int row) = Math.DivRem(line, size);
            int start = (((channel * image) + ((patch / grid) * size) + row) * image) + ((patch % grid) * size);
            pixels.Slice(start, size).CopyTo(cut.AsSpan((patch * columns) + (line * size)));
        }

        return PlainTransformer.Linear(patches, cut);
    }
}

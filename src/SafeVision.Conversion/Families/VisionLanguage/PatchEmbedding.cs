namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>From pixels to one vector a patch.</summary>
internal static class PatchEmbedding
{
    public const int MostPatches = 1 << 14; // attention takes the square of it

    /// <summary>How many patches stand along an image's side.</summary>
    /// <exception cref="CheckpointException">They do not come out even, or are more than can attend to each other.</exception>
    public static int Grid(int image, int patch, string where)
    {
        int grid = image / patch;
        return image % patch == 0 && grid * grid <= MostPatches
            ? grid
            : throw new CheckpointException($"{where}: an image of {image} pixels can't be cut into patches of {patch}; they must come out even, and be at most {MostPatches}.");
    }

    /// <summary>[images, channels, height, width] → [images, patches row by row, features]; pixels right of the last whole patch, and below it, are left out.</summary>
    public static string Write(TransformerGraph blocks, string pixels, Projection patches, int channels, int height, int width)
    {
        OnnxGraph graph = blocks.Graph;
        string kernel = blocks.Kernel("patches.weight", patches.Weight, patches.Features, channels, height, width);
        string bias = blocks.Constant("patches.bias", patches.Bias ?? new float[patches.Features]);
        string map = graph.Node(
            "Conv", graph.Claim("patches"), [pixels, kernel, bias],
            OnnxAttribute.Integers("kernel_shape", height, width), OnnxAttribute.Integers("strides", height, width));
        string flat = blocks.Reshape("patches/flat", map, 0, patches.Features, -1);
        return blocks.Transpose("patches/tokens", flat, 0, 2, 1);
    }

    /// <summary>[patches, numbers of a patch] → [patches, features], for patches that the host has cut out already.</summary>
    public static string WriteCut(TransformerGraph blocks, string pixels, Projection patches)
    {
        string weight = blocks.Kernel("patches.weight", patches.Weight, patches.Features, patches.Weight.Columns);
        string product = blocks.Graph.RuntimeNode("FusedMatMul", blocks.Graph.Claim("patches"), [pixels, weight], OnnxAttribute.Integer("transB", 1));
        return patches.Bias is null ? product : blocks.Add("patches/biased", product, blocks.Constant("patches.bias", patches.Bias));
    }

    /// <summary>What the graph says, as a reference, for one image.</summary>
    public static float[] Compute(ReadOnlySpan<float> pixels, Projection patches, int channels, (int Height, int Width) image, int height, int width)
    {
        int across = image.Width / width, count = image.Height / height * across, columns = channels * height * width;
        float[] cut = new float[count * columns];
        for (int i = 0; i < count * channels * height; i++)
        {
            (int patch, int line) = Math.DivRem(i, channels * height);
            (int channel, int row) = Math.DivRem(line, height);
            int start = (((channel * image.Height) + (patch / across * height) + row) * image.Width) + (patch % across * width);
            pixels.Slice(start, width).CopyTo(cut.AsSpan((patch * columns) + (line * width)));
        }

        return ReferenceTransformer.Linear(patches, cut);
    }
}

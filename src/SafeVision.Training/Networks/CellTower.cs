namespace SafeVision.Training.Networks;

/// <summary>The sizes of a network of inverted residuals (EfficientNet-Lite).</summary>
/// <param name="ImageSize">The side of an image in pixels.</param>
/// <param name="Blocks">Kernel, stride, expansion, channels in and out of each block.</param>
/// <param name="Looks">The sides in pixels at which it looks at an image, and whether at the mirror image.</param>
internal sealed record ConvolutionShape(int ImageSize, IReadOnlyList<(int Kernel, int Stride, int Expansion, int Inputs, int Outputs)> Blocks, IReadOnlyList<(int Size, bool IsMirrored)> Looks)
{
    /// <summary>Reads <c>image_size</c>, <c>stages</c>: rows of repeats, kernel, stride, expansion, channels in, channels out, and <c>looks</c>: rows of a size and 1 for the mirror image.</summary>
    public static ConvolutionShape Read(JsonValue vision)
    {
        var blocks = new List<(int, int, int, int, int)>();
        foreach (JsonValue stage in vision["stages"].Items(64))
        {
            int[] row = [.. stage.Items(6).Select(number => number.Integer(1, 4096))];
            for (int i = 0; i < (row.Length == 6 ? row[0] : throw stage.Wrong("six numbers")); i++)
            {
                blocks.Add((row[1], i == 0 ? row[2] : 1, row[3], i == 0 ? row[4] : row[5], row[5]));
            }
        }

        (int, bool)[] looks = [.. vision["looks"].Items(8).Select(look => look.Integers(0, 1024) is [var size, <= 1 and var mirrored] ? (size, mirrored == 1) : throw look.Wrong("a size and 0 or 1"))];
        return new ConvolutionShape(vision["image_size"].Integer(32, 1024), blocks, looks);
    }
}

/// <summary>A frozen EfficientNet-Lite whose last two sizes of map become the cells of an image, and two projections
/// that learn: each token is a cell of the last map beside the square of cells of the map before that lies over it, and
/// its place.</summary>
internal sealed class CellTower(NetworkWeights weights, ConvolutionShape shape) : IVisionTower
{
    /// <summary>The <c>model_type</c> of config.json.</summary>
    public const string ModelType = "safevision_nano";

    /// <summary>What its convolutions' names begin with.</summary>
    public const string Prefix = "model.vision_tower.";

    /// <summary>What the projections' names begin with.</summary>
    public const string Projector = "model.multi_modal_projector.";

    private const double Epsilon = 1e-6;

    /// <summary>Nothing in it attends.</summary>
    public VisionSizes Sizes => new(0, 0, 0, 0, 0);

    /// <remarks>Looks at the image in several sizes and at its mirror image: what all show of a place is less a matter of how one hand drew it.</remarks>
    public Tensor Forward(Tensor pixels, IReadOnlyList<(int Frames, int Rows, int Columns)>? grids, GradientTape? tape)
    {
        long side = (long)Math.Sqrt(weights[Projector + "position_embeddings"].shape[0]);
        IEnumerable<Tensor> looks = shape.Looks.Select(look =>
        {
            Tensor cells = Describe(Cells(Turned(Scaled(pixels, look.Size), look.IsMirrored).contiguous()));
            long own = (long)Math.Sqrt(cells.shape[1]);
            return Turned(Scaled(cells.transpose(1, 2).unflatten(2, [own, own]), side), look.IsMirrored);
        });
        return Place(looks.Aggregate((sum, look) => sum.Plus(look)).flatten(2).transpose(1, 2).RootMeanSquareNormed(Epsilon));

        static Tensor Scaled(Tensor map, long size) => map.shape[3] == size ? map : nn.functional.interpolate(map, [size, size], mode: InterpolationMode.Bilinear, align_corners: false);
        static Tensor Turned(Tensor map, bool isMirrored) => isMirrored ? map.flip(3) : map;
    }

    /// <summary>[images, 3, side, side] to [images, cells, channels]; nothing of it learns.</summary>
    public Tensor Cells(Tensor pixels)
    {
        Tensor hidden = Convolve(pixels, "_conv_stem", 3, 2, 1).Between(0, 6), before = hidden;
        for (int i = 0; i < shape.Blocks.Count; i++)
        {
            (int kernel, int stride, int expansion, int inputs, int outputs) = shape.Blocks[i];
            if (stride == 2)
            {
                before = hidden; // the last map of each size; kept of the last but one
            }

            string name = $"_blocks.{i}.";
            Tensor inner = expansion == 1 ? hidden : Convolve(hidden, name + "_expand_conv", 1, 1, 1).Between(0, 6);
            inner = Convolve(inner, name + "_depthwise_conv", kernel, stride, inputs * expansion).Between(0, 6);
            inner = Convolve(inner, name + "_project_conv", 1, 1, 1);
            hidden = stride == 1 && inputs == outputs ? hidden.Plus(inner) : inner;
        }

        long images = hidden.shape[0], side = hidden.shape[2], channels = before.shape[1];
        Tensor squares = before.reshape(images, channels, side, 2, side, 2).permute(0, 2, 4, 3, 5, 1).reshape(images, side * side, 4 * channels);
        return cat([squares, hidden.permute(0, 2, 3, 1).reshape(images, side * side, -1)], -1);
    }

    /// <summary>Adds to what a cell shows where it lies.</summary>
    public Tensor Place(Tensor described) => described.Plus(weights[Projector + "position_embeddings"]);

    /// <summary>What each cell shows, wherever it lies, at root mean square 1: else it grows in training until its place is lost beside it, and no layer can add to it.</summary>
    /// <param name="cells">From <see cref="Cells"/>.</param>
    /// <param name="dropOut">The share of the middle's numbers that are left out, in training.</param>
    public Tensor Describe(Tensor cells, double dropOut = 0)
    {
        Tensor even = cells.Plus(weights[Projector + "mean"].neg()) * weights[Projector + "scale"];
        Tensor inner = nn.functional.gelu(weights.Linear(even, Projector + "linear_1"));
        inner = dropOut > 0 ? nn.functional.dropout(inner, dropOut) : inner;
        return weights.Linear(inner, Projector + "linear_2").RootMeanSquareNormed(Epsilon);
    }

    /// <summary>Padded as TensorFlow's SAME.</summary>
    private Tensor Convolve(Tensor x, string name, long kernel, long stride, long groups)
    {
        long total = Math.Max(0, (((x.shape[2] + stride - 1) / stride) - 1) * stride + kernel - x.shape[2]), first = total / 2;
        Tensor padded = total == 0 || total % 2 == 0 ? x : nn.functional.pad(x, [first, total - first, first, total - first]);
        long[] padding = total % 2 == 0 ? [first, first] : [0, 0];
        return nn.functional.conv2d(padded, weights[$"{Prefix}{name}.weight"], weights[$"{Prefix}{name}.bias"], [stride, stride], padding, groups: groups);
    }
}

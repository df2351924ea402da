namespace SafeVision.Conversion.Families.Encoders;

/// <summary>ConvNeXt's way from pixels to logits. Between its convolutions an image is a row of places, [items, places, channels],
/// so that norms and feed-forward parts are those of a transformer.</summary>
internal sealed record ConvNextEncoder : IEncoder
{
    public string Name => "model";

    public string Output => Head.Output;

    public required int ImageSize { get; init; }
    public required Activation Activation { get; init; }
    public required ConvNextReduction Stem { get; init; }
    public required NormWeights StemNorm { get; init; }
    public required IReadOnlyList<ConvNextStage> Stages { get; init; }
    public required EncoderHead Head { get; init; }

    public int Depth => Blocks.Count;

    public int[] FinalShape => [1, Blocks[^1].Grid.Places, Stages[^1].Blocks[0].Down.Features];

    // What stands before a stage's blocks is done by the first of them.
    private List<(ConvNextStage? Start, ConvNextBlock Block, MapSize Before, MapSize Grid)> Blocks
    {
        get
        {
            var blocks = new List<(ConvNextStage?, ConvNextBlock, MapSize, MapSize)>();
            MapSize grid = new MapSize(ImageSize, ImageSize).After(Stem.Window);
            foreach (ConvNextStage stage in Stages)
            {
                MapSize before = grid;
                grid = stage.Downsample is null ? grid : grid.After(stage.Downsample.Window);
                blocks.AddRange(stage.Blocks.Select((block, i) => (i == 0 ? stage : null, block, i == 0 ? before : grid, grid)));
            }

            return blocks;
        }
    }

    /// <summary>The same, if every stage has something to see.</summary>
    /// <exception cref="CheckpointException">The image is too small for the stages.</exception>
    public ConvNextEncoder Checked(string where) => Blocks[^1].Grid.Places > 0
        ? this
        : throw new CheckpointException($"{where}: of an image of {ImageSize} pixels nothing is left after {Stages.Count} stages.");

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph(Name, form);
        string map = Convolve(blocks, "stem", ImageInput.Write(blocks, ImageSize), Stem.Kernel, [Stem.Kernel.Features, ImageInput.Channels, Stem.Height, Stem.Width], Stem.Height, Stem.Width);
        string x = blocks.Normalize(StemNorm, ToPlaces(blocks, "stem", map, Stem.Kernel.Features));
        blocks.Hidden.Add(x);
        foreach ((ConvNextStage? start, ConvNextBlock block, MapSize before, MapSize grid) in Blocks)
        {
            if (start is { Downsample: { } step, Norm: { } norm })
            {
                string name = $"{block.Name}/start";
                string wide = ToMap(blocks, name, blocks.Normalize(norm, x), before, norm.Weight.Length);
                x = ToPlaces(blocks, name, Convolve(blocks, name, wide, step.Kernel, [step.Kernel.Features, norm.Weight.Length, step.Height, step.Width], step.Height, step.Width), step.Kernel.Features);
            }

            x = Write(blocks, block, x, grid);
            blocks.Hidden.Add(x);
        }

        blocks.Final = x;
        Head.Write(blocks, x);
        return blocks;
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => ImageInput.Probe(seed, ImageSize);

    public long Cost(int layer)
    {
        (ConvNextStage? start, ConvNextBlock block, _, MapSize grid) = Blocks[layer];
        return grid.Places * (block.Depthwise.Weight.Count + block.Up.Weight.Count + block.Down.Weight.Count + (start?.Downsample?.Kernel.Weight.Count ?? 0));
    }

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] places = PatchEmbedding.Compute(inputs[ImageInput.Name].Numbers, Stem.Kernel, ImageInput.Channels, (ImageSize, ImageSize), Stem.Height, Stem.Width);
        ReferenceTransformer.Normalize(StemNorm, places);
        return places;
    }

    public float[] ReferenceStep(int layer, float[] hidden)
    {
        (ConvNextStage? start, ConvNextBlock block, MapSize before, MapSize grid) = Blocks[layer];
        float[] x = [.. hidden];
        if (start is { Downsample: { } step, Norm: { } norm })
        {
            ReferenceTransformer.Normalize(norm, x);
            x = ReferenceTransformer.Linear(step.Kernel, before.Cut(x, norm.Weight.Length, step.Window));
        }

        float[] mixed = grid.Mix(x, block.Depthwise, Window.Around(ConvNextBlock.KernelSize));
        ReferenceTransformer.Normalize(block.Norm, mixed);
        float[] inner = ReferenceTransformer.Linear(block.Up, mixed);
        ReferenceTransformer.Activate(Activation, inner);
        TensorPrimitives.Add(x, ReferenceTransformer.Linear(block.Down, inner), x);
        return x;
    }

    public float[] ReferenceFinish(float[] hidden) => hidden;

    public float[] ReferenceHead(float[] final, IReadOnlyList<float[]> taken, IReadOnlyDictionary<string, VisionInput> inputs) => Head.Compute(final, inputs);

    private string Write(TransformerGraph blocks, ConvNextBlock block, string x, MapSize grid)
    {
        const int Kernel = ConvNextBlock.KernelSize;
        int channels = block.Depthwise.Features;
        string map = Convolve(
            blocks, $"{block.Name}.dwconv", ToMap(blocks, $"{block.Name}.dwconv", x, grid, channels), block.Depthwise, [channels, 1, Kernel, Kernel], 1, 1,
            OnnxAttribute.Integer("group", channels), OnnxAttribute.Integers("pads", Kernel / 2, Kernel / 2, Kernel / 2, Kernel / 2));
        string normal = blocks.Normalize(block.Norm, ToPlaces(blocks, $"{block.Name}.dwconv", map, channels));
        string inner = blocks.Activate($"{block.Name}.activation", Activation, blocks.Linear($"{block.Name}.pwconv1", block.Up, normal, LinearRole.Vision));
        return blocks.Add($"{block.Name}.sum", blocks.Linear($"{block.Name}.pwconv2", block.Down, inner, LinearRole.Vision), x);
    }

    private static string Convolve(TransformerGraph blocks, string name, string map, Projection kernel, int[] shape, int strideY, int strideX, params ReadOnlySpan<AttributeProto> more)
    {
        OnnxGraph graph = blocks.Graph;
        string weight = blocks.Kernel($"{name}.weight", kernel.Weight, shape);
        return graph.Node(
            "Conv", graph.Claim($"{name}/map"), [map, weight, blocks.Constant($"{name}.bias", kernel.Bias!)],
            [OnnxAttribute.Integers("kernel_shape", shape[2], shape[3]), OnnxAttribute.Integers("strides", strideY, strideX), .. more]);
    }

    /// <summary>[items, channels, rows, columns] → [items, places, channels].</summary>
    private static string ToPlaces(TransformerGraph blocks, string name, string map, int channels) =>
        blocks.Transpose($"{name}/places", blocks.Reshape($"{name}/flat", map, 0, channels, -1), 0, 2, 1);

    /// <summary>[items, places, channels] → [items, channels, rows, columns].</summary>
    private static string ToMap(TransformerGraph blocks, string name, string x, MapSize grid, int channels) =>
        blocks.Reshape($"{name}/grid", blocks.Transpose($"{name}/channels", x, 0, 2, 1), 0, channels, grid.Rows, grid.Columns);
}

/// <summary>A stage: perhaps fewer places of more channels, then blocks.</summary>
internal sealed record ConvNextStage(NormWeights? Norm, ConvNextReduction? Downsample, IReadOnlyList<ConvNextBlock> Blocks);

/// <summary>A block: each channel's neighbourhood, a norm, and a feed-forward part for each place.</summary>
/// <param name="Depthwise">[channels, 7 · 7].</param>
/// <param name="Norm">Over the channels of a place.</param>
/// <param name="Up">To four times as many channels.</param>
/// <param name="Down">Back again; a layer scale behind it is already in it.</param>
internal sealed record ConvNextBlock(string Name, Projection Depthwise, NormWeights Norm, Projection Up, Projection Down)
{
    public const int KernelSize = 7;
}

/// <summary>A convolution whose windows do not overlap.</summary>
/// <param name="Kernel">[out, in · height · width].</param>
/// <param name="Height">Rows of a window, and from one to the next.</param>
/// <param name="Width">Columns of a window, and from one to the next.</param>
internal sealed record ConvNextReduction(Projection Kernel, int Height, int Width)
{
    public Window Window => Window.Tile(Height, Width);
}

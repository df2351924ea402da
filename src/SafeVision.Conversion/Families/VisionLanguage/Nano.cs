namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>SafeVision-Nano, as <c>safevision-train nano</c> writes it: the cells of an EfficientNet-Lite, two projections, and a small Llama.</summary>
internal sealed class Nano() : FamilyNetwork("safevision_nano")
{
    protected override IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text) => CellEncoder.Read(checkpoint, vision, text.Shape.Hidden);
}

/// <summary>From pixels to one feature for each cell of a network's last map: <c>pixel_values</c> [images, 3, size, size] → the
/// image and its mirror image → convolutions → the cell beside the square of cells of the map before → mean 0 and deviation 1 →
/// two projections → root mean square 1 → the sum of what both say of a cell, at root mean square 1 → the cell's place added →
/// <c>image_features</c> [images, cells, hidden].</summary>
internal sealed record CellEncoder : IVisionEncoder
{
    private const string Tower = "model.vision_tower.";
    private const string Projector = "model.multi_modal_projector.";

    public required int ImageSize { get; init; }
    public required Convolution Stem { get; init; }
    public required IReadOnlyList<ConvolutionBlock> Blocks { get; init; }

    /// <summary>What is taken from each channel, and what it is then multiplied by.</summary>
    public required float[] Mean { get; init; }

    /// <inheritdoc cref="Mean" />
    public required float[] Scale { get; init; }

    public required GeluProjector Described { get; init; }

    /// <summary>[cells, hidden].</summary>
    public required float[] Positions { get; init; }

    public VisionTransformer Layers => new(Mean.Length, 1, Activation.Gelu, [], null);

    /// <summary>To root mean square 1: nothing of it is learnt.</summary>
    private NormWeights One(string name) => new(name, [.. Enumerable.Repeat(1f, Hidden)], null, 1e-6);

    private int Hidden => Described.Second.Features;

    /// <summary>Where each cell lies in the mirror image.</summary>
    private IEnumerable<int> Mirrored => Enumerable.Range(0, Cells).Select(cell => cell + Side - 1 - (2 * (cell % Side)));

    private int Side => Last.Rows;

    private int Cells => Last.Places;

    private MapSize Last => Blocks[^1].Steps[^1] is var step ? step.Before.After(step.Window) : default;

    /// <summary>The last block of the map before the last one.</summary>
    private int Before => Blocks.Select((block, i) => (block, i)).Last(pair => pair.block.Steps.Any(step => step.Window.StrideX > 1)).i - 1;

    public static CellEncoder Read(SafetensorsCheckpoint checkpoint, VisionSettings vision, int hidden)
    {
        (int size, JsonValue config) = (vision.ImageSize!.Value, vision.Config);
        var map = new MapSize(size, size);
        (Convolution stem, List<ConvolutionBlock> blocks) = InvertedResiduals.Read(config, ref map, Convolve);
        int last = blocks.FindLastIndex(block => block.Steps.Any(step => step.Window.StrideX > 1));
        if (last < 1 || map.Rows * 2 != blocks[last - 1].Steps[^1].Before.Rows)
        {
            throw config["stages"].Wrong("stages whose last map has half as many rows as the one before it");
        }

        int channels = (4 * blocks[last - 1].Steps[^1].Kernel.Features) + blocks[^1].Steps[^1].Kernel.Features;
        int inner = checkpoint.Has($"{Projector}linear_1.bias") ? checkpoint.Tensors[$"{Projector}linear_1.bias"].Count : 1;
        return new CellEncoder
        {
            ImageSize = size,
            Stem = stem,
            Blocks = blocks,
            Mean = checkpoint.Get($"{Projector}mean", channels).ToSingle(),
            Scale = checkpoint.Get($"{Projector}scale", channels).ToSingle(),
            Described = new GeluProjector(
                "projector", null, Projection.Read(checkpoint, $"{Projector}linear_1", inner, channels, hasBias: true), Projection.Read(checkpoint, $"{Projector}linear_2", hidden, inner, hasBias: true)),
            Positions = checkpoint.Get($"{Projector}position_embeddings", map.Places, hidden).ToSingle(),
        };

        Convolution Convolve(string name, string normalization, ref MapSize size, int output, int input, int kernel, int stride)
        {
            var window = Window.Same(size, kernel, stride);
            MapSize before = size;
            size = size.After(window);
            StoredTensor weight = Halved(checkpoint.Get($"{Tower}{name}.weight", output, input, kernel, kernel));
            return new Convolution(name, new Projection(WeightMatrix.From(weight), checkpoint.Get($"{Tower}{name}.bias", output).ToSingle()), window, before, input);
        }
    }

    public IVisionEncoder WithLayers(VisionTransformer layers) => this; // it has none

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph("vision_encoder", form);
        OnnxGraph graph = blocks.Graph;
        string pixels = blocks.FloatInput("pixel_values", ("num_tiles", null), ("channels", ImageInput.Channels), ("height", ImageSize), ("width", ImageSize));
        string mirrored = graph.Node(
            "Slice", graph.Claim("mirrored"), [pixels, graph.Integers("mirrored/start", [-1], 1), graph.Integers("mirrored/end", [-ImageSize - 1], 1), graph.Integers("mirrored/axis", [3], 1), graph.Integers("mirrored/step", [-1], 1)]);
        string x = ConvolutionEncoder.Write(blocks, Stem, blocks.Concatenate("both", 0, pixels, mirrored));
        string before = x;
        for (int i = 0; i < Blocks.Count; i++)
        {
            string y = Blocks[i].Steps.Aggregate(x, (map, step) => ConvolutionEncoder.Write(blocks, step, map));
            x = Blocks[i].AddsInput ? blocks.Add($"{Blocks[i].Name}/sum", y, x) : y;
            before = i == Before ? x : before;
        }

        int channels = Channels(Before);
        string split = blocks.Reshape("squares/split", before, 0, channels, Side, 2, Side, 2);
        string squares = blocks.Reshape("squares", blocks.Transpose("squares/turned", split, 0, 2, 4, 3, 5, 1), 0, Cells, 4 * channels);
        string last = blocks.Reshape("last", blocks.Transpose("last/turned", x, 0, 2, 3, 1), 0, Cells, Channels(Blocks.Count - 1));
        string apart = blocks.Reshape("cells/apart", blocks.Concatenate("cells/joined", 2, squares, last), 2, -1, Cells, Mean.Length);
        string cells = blocks.Reshape("cells", blocks.Transpose("cells/beside", apart, 1, 0, 2, 3), -1, 2 * Cells, Mean.Length); // of an image, then of its mirror image
        blocks.Hidden.Add(cells);
        blocks.Final = cells;
        string even = blocks.Multiply("cells/even", blocks.Add("cells/middle", cells, blocks.Constant("cells.mean", [.. Mean.Select(value => -value)])), blocks.Constant("cells.scale", Scale));
        string shown = blocks.Normalize(One("projector.norm"), Described.Write(blocks, even));
        string sum = blocks.Add("shown/both", Pick("shown/own", Enumerable.Range(0, Cells)), Pick("shown/mirrored", Mirrored.Select(cell => Cells + cell)));
        string features = blocks.Add("features", blocks.Normalize(One("shown.norm"), sum), blocks.Constant("cells.positions", Positions, 1, Cells, Hidden));
        blocks.FloatOutput("image_features", features, ("num_tiles", null), ("tokens", Cells), ("hidden_size", Hidden));
        return blocks;

        string Pick(string name, IEnumerable<int> of) => graph.Node("Gather", graph.Claim(name), [shown, graph.Integers($"{name}/cells", [.. of.Select(cell => (long)cell)], Cells)], OnnxAttribute.Integer("axis", 1));
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => ImageInput.Noise(seed, ImageSize);

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] pixels = inputs["pixel_values"].Numbers, mirrored = [.. pixels];
        for (int row = 0; row < mirrored.Length; row += ImageSize)
        {
            mirrored.AsSpan(row, ImageSize).Reverse();
        }

        return [.. ReferenceCells(pixels), .. ReferenceCells(mirrored)];
    }

    public float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken)
    {
        float[] even = [.. tokens.Select((value, i) => (value - Mean[i % Mean.Length]) * Scale[i % Mean.Length])];
        float[] shown = Described.Compute(even), features = shown[..(Cells * Hidden)];
        ReferenceTransformer.Normalize(One("projector.norm"), shown);
        foreach ((int cell, int other) in Mirrored.Index())
        {
            TensorPrimitives.Add(shown.AsSpan(cell * Hidden, Hidden), shown.AsSpan((Cells + other) * Hidden, Hidden), features.AsSpan(cell * Hidden));
        }

        ReferenceTransformer.Normalize(One("shown.norm"), features);
        TensorPrimitives.Add(features, Positions, features);
        return features;
    }

    /// <summary>What the convolutions say of each cell: [cells, width].</summary>
    private float[] ReferenceCells(float[] pixels)
    {
        float[] x = ConvolutionEncoder.Compute(Stem, ConvolutionEncoder.ToPlaces(pixels, ImageInput.Channels)), before = x; // [places, channels]
        for (int i = 0; i < Blocks.Count; i++)
        {
            float[] y = Blocks[i].Steps.Aggregate(x, (map, step) => ConvolutionEncoder.Compute(step, map));
            if (Blocks[i].AddsInput)
            {
                TensorPrimitives.Add(y, x, y);
            }

            x = y;
            before = i == Before ? x : before;
        }

        int channels = Channels(Before), own = Channels(Blocks.Count - 1), width = Mean.Length;
        float[] cells = new float[Cells * width];
        for (int cell = 0; cell < Cells; cell++)
        {
            (int row, int column) = Math.DivRem(cell, Side);
            for (int part = 0; part < 4; part++)
            {
                int place = (((2 * row) + (part / 2)) * 2 * Side) + (2 * column) + (part % 2);
                before.AsSpan(place * channels, channels).CopyTo(cells.AsSpan((cell * width) + (part * channels)));
            }

            x.AsSpan(cell * own, own).CopyTo(cells.AsSpan((cell * width) + (4 * channels)));
        }

        return cells;
    }

    private int Channels(int block) => Blocks[block].Steps[^1].Kernel.Features;

    /// <summary>The same tensor in float16 where that loses nothing: training rounds the tower so.</summary>
    private static StoredTensor Halved(StoredTensor tensor) => HalfWeights.Exact(tensor.ToSingle()) is { } halves
        ? new StoredTensor(tensor.Name, tensor.Shape, TensorElement.Float16, MemoryMarshal.AsBytes<Half>(halves).ToArray())
        : tensor;
}

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>SafeVision-Nano, as <c>safevision-train nano</c> writes it: the cells of an EfficientNet-Lite, two projections, and a small Llama.</summary>
internal sealed class Nano() : FamilyNetwork("safevision_nano")
{
    protected override IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text) => CellEncoder.Read(checkpoint, vision, text.Shape.Hidden);
}

/// <summary>From pixels to one feature for each image token: <c>pixel_values</c> [images, 3, size, size] → each look's cells → mean
/// 0 and deviation 1 → two projections → root mean square 1 → of all looks the sum of what they say at a token's place → root mean
/// square 1 → the place added → <c>image_features</c> [images, tokens, hidden].</summary>
internal sealed record CellEncoder : IVisionEncoder
{
    private const string Tower = "model.vision_tower.";
    private const string Projector = "model.multi_modal_projector.";
    private const int MostLooks = 8;

    public required int ImageSize { get; init; }

    /// <summary>Tokens in a row.</summary>
    public required int Side { get; init; }

    public required IReadOnlyList<CellLook> Looks { get; init; }

    /// <summary>What is taken from each channel, and what it is then multiplied by.</summary>
    public required float[] Mean { get; init; }

    /// <inheritdoc cref="Mean" />
    public required float[] Scale { get; init; }

    public required GeluProjector Described { get; init; }

    /// <summary>[tokens, hidden].</summary>
    public required float[] Positions { get; init; }

    public VisionTransformer Layers => new(Mean.Length, 1, Activation.Gelu, [], null);

    /// <summary>To root mean square 1: nothing of it is learnt.</summary>
    private NormWeights One(string name) => new(name, [.. Enumerable.Repeat(1f, Hidden)], null, 1e-6);

    private int Hidden => Described.Second.Features;

    private int Tokens => Side * Side;

    private int Cells => Looks.Sum(look => look.Cells);

    /// <summary>[tokens, cells]: the share of each look's cells in each token.</summary>
    private float[] Shares => [.. Enumerable.Range(0, Tokens).SelectMany(token => Looks.SelectMany(look => look.Shares(token / Side, token % Side, Side)))];

    public static CellEncoder Read(SafetensorsCheckpoint checkpoint, VisionSettings vision, int hidden)
    {
        (int size, JsonValue config) = (vision.ImageSize!.Value, vision.Config);
        var map = new MapSize(size, size);
        (Convolution stem, List<ConvolutionBlock> blocks) = InvertedResiduals.Read(config, ref map, Convolve);
        CellLook[] looks = [.. config["looks"].Items(MostLooks).Select(look => CellLook.Of(look, stem, blocks))];
        int inner = checkpoint.Has($"{Projector}linear_1.bias") ? checkpoint.Tensors[$"{Projector}linear_1.bias"].Count : 1;
        int channels = looks.Length > 0 ? looks[0].Width : throw config["looks"].Wrong("at least one look");
        return new CellEncoder
        {
            ImageSize = size,
            Side = map.Rows,
            Looks = looks,
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
        string pixels = blocks.FloatInput("pixel_values", ("num_tiles", null), ("channels", ImageInput.Channels), ("height", ImageSize), ("width", ImageSize));
        string cells = blocks.Concatenate("cells", 1, [.. Looks.Select(look => look.Write(blocks, pixels, ImageSize))]);
        blocks.Hidden.Add(cells);
        blocks.Final = cells;
        string even = blocks.Multiply("cells/even", blocks.Add("cells/middle", cells, blocks.Constant("cells.mean", [.. Mean.Select(value => -value)])), blocks.Constant("cells.scale", Scale));
        string shown = blocks.Normalize(One("projector.norm"), Described.Write(blocks, even));
        string sum = blocks.Graph.Node("MatMul", blocks.Graph.Claim("shown"), [blocks.Constant("cells.shares", Shares, Tokens, Cells), shown]);
        string features = blocks.Add("features", blocks.Normalize(One("shown.norm"), sum), blocks.Constant("cells.positions", Positions, 1, Tokens, Hidden));
        blocks.FloatOutput("image_features", features, ("num_tiles", null), ("tokens", Tokens), ("hidden_size", Hidden));
        return blocks;
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => ImageInput.Noise(seed, ImageSize);

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs) => [.. Looks.SelectMany(look => look.ReferenceCells(inputs["pixel_values"].Numbers, ImageSize))];

    public float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken)
    {
        float[] even = [.. tokens.Select((value, i) => (value - Mean[i % Mean.Length]) * Scale[i % Mean.Length])];
        float[] shown = Described.Compute(even), shares = Shares, features = new float[Tokens * Hidden];
        ReferenceTransformer.Normalize(One("projector.norm"), shown);
        for (int i = 0; i < shares.Length; i++)
        {
            Span<float> feature = features.AsSpan(i / Cells * Hidden, Hidden);
            TensorPrimitives.MultiplyAdd(shown.AsSpan(i % Cells * Hidden, Hidden), shares[i], feature, feature);
        }

        ReferenceTransformer.Normalize(One("shown.norm"), features);
        TensorPrimitives.Add(features, Positions, features);
        return features;
    }

    /// <summary>The same tensor in float16 where that loses nothing: training rounds the tower so.</summary>
    private static StoredTensor Halved(StoredTensor tensor) => HalfWeights.Exact(tensor.ToSingle()) is { } halves
        ? new StoredTensor(tensor.Name, tensor.Shape, TensorElement.Float16, MemoryMarshal.AsBytes<Half>(halves).ToArray())
        : tensor;
}

/// <summary>One look at an image: of one size, perhaps at its mirror image, through convolutions to cells, each a place of the last
/// map beside the square of four of the map before.</summary>
/// <param name="Size">The side in pixels to which the image is scaled.</param>
/// <param name="IsMirrored">Whether left and right are exchanged.</param>
/// <param name="Stem">The first convolution.</param>
/// <param name="Blocks">The others.</param>
internal sealed record CellLook(int Size, bool IsMirrored, Convolution Stem, IReadOnlyList<ConvolutionBlock> Blocks)
{
    /// <summary>Cells of an image.</summary>
    public int Cells => Last.Places;

    /// <summary>Numbers of a cell.</summary>
    public int Width => (4 * Channels(Before)) + Channels(Blocks.Count - 1);

    private int Side => Last.Rows;

    private MapSize Last => Blocks[^1].Steps[^1] is var step ? step.Before.After(step.Window) : default;

    /// <summary>The last block of the map before the last one.</summary>
    private int Before => Blocks.Select((block, i) => (block, i)).Last(pair => pair.block.Steps.Any(step => step.Window.StrideX > 1)).i - 1;

    /// <summary>Reads <c>[size, 0 or 1]</c>: 1 is the mirror image.</summary>
    public static CellLook Of(JsonValue config, Convolution stem, IReadOnlyList<ConvolutionBlock> blocks)
    {
        int[] numbers = config.Integers(0, 1024) is [_, <= 1] pair ? pair : throw config.Wrong("a size and 0 or 1");
        var map = new MapSize(numbers[0], numbers[0]);
        var look = new CellLook(numbers[0], numbers[1] == 1, At(stem), [.. blocks.Select(block => block with { Steps = [.. block.Steps.Select(At)] })]);
        int last = blocks.Index().LastOrDefault(block => block.Item.Steps.Any(step => step.Window.StrideX > 1)).Index;
        return last > 0 && map.Rows > 0 && map.Rows * 2 == look.Blocks[last - 1].Steps[^1].Before.Rows
            ? look
            : throw config.Wrong("a size whose last map has half as many rows as the one before it");

        Convolution At(Convolution step)
        {
            Convolution here = step with { Window = Window.Same(map, step.Window.Height, step.Window.StrideY), Before = map };
            map = map.After(here.Window);
            return here;
        }
    }

    /// <summary>The share of each cell in a token: of the cells around the token's middle, the nearer the more.</summary>
    public float[] Shares(int row, int column, int side)
    {
        float[] shares = new float[Cells];
        foreach ((int y, float down) in Around(row, side, Side))
        {
            foreach ((int x, float across) in Around(IsMirrored ? side - 1 - column : column, side, Side))
            {
                shares[(y * Side) + x] += down * across;
            }
        }

        return shares;
    }

    /// <returns>The cells: [images, cells, width].</returns>
    public string Write(TransformerGraph blocks, string pixels, int imageSize)
    {
        OnnxGraph graph = blocks.Graph;
        string x = pixels;
        if (Size != imageSize)
        {
            x = graph.Node(
                "Resize", graph.Claim("look/scaled"), [x, "", "", graph.Integers("look/size", [Size, Size], 2)],
                OnnxAttribute.Text("mode", "linear"), OnnxAttribute.Text("coordinate_transformation_mode", "half_pixel"), OnnxAttribute.Integers("axes", 2, 3));
        }

        if (IsMirrored)
        {
            x = graph.Node(
                "Slice", graph.Claim("look/mirrored"), [x, graph.Integers("look/start", [-1], 1), graph.Integers("look/end", [-Size - 1], 1), graph.Integers("look/axis", [3], 1), graph.Integers("look/step", [-1], 1)]);
        }

        string before = x = ConvolutionEncoder.Write(blocks, Stem, x);
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
        return blocks.Concatenate("look/cells", 2, squares, last);
    }

    /// <summary>The same as a reference: [cells, width].</summary>
    public float[] ReferenceCells(ReadOnlySpan<float> pixels, int imageSize)
    {
        float[] scaled = Scaled(pixels, imageSize);
        float[] x = ConvolutionEncoder.Compute(Stem, ConvolutionEncoder.ToPlaces(scaled, ImageInput.Channels)), before = x; // [places, channels]
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

        int channels = Channels(Before), own = Channels(Blocks.Count - 1), width = Width;
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

    /// <summary>The image in this look's size, perhaps mirrored: [3, size, size].</summary>
    private float[] Scaled(ReadOnlySpan<float> pixels, int imageSize)
    {
        float[] scaled = new float[ImageInput.Channels * Size * Size];
        for (int i = 0; i < scaled.Length; i++)
        {
            (int line, int column) = Math.DivRem(i, Size);
            ReadOnlySpan<float> channel = pixels[(line / Size * imageSize * imageSize)..];
            foreach ((int y, float down) in Around(line % Size, Size, imageSize))
            {
                foreach ((int x, float across) in Around(IsMirrored ? Size - 1 - column : column, Size, imageSize))
                {
                    scaled[i] += down * across * channel[(y * imageSize) + x];
                }
            }
        }

        return scaled;
    }

    /// <summary>Of <paramref name="from"/> places in a row the two around the place <paramref name="at"/> of <paramref name="to"/>, each with its share.</summary>
    private static (int Place, float Share)[] Around(int at, int to, int from)
    {
        double middle = Math.Clamp(((at + 0.5) * from / to) - 0.5, 0, from - 1);
        int first = (int)middle;
        return [(first, (float)(1 - (middle - first))), (Math.Min(first + 1, from - 1), (float)(middle - first))];
    }

    private int Channels(int block) => Blocks[block].Steps[^1].Kernel.Features;
}

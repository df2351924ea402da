using System.Numerics.Tensors;
using SafeVision.Files;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>SafeVision-Nano, as <c>safevision-train nano</c> writes it: the cells of an EfficientNet-Lite, two projections, and a small Llama.</summary>
internal sealed class Nano() : FamilyNetwork("safevision_nano")
{
    protected override IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text) => CellEncoder.Read(checkpoint, vision, text.Shape.Hidden);
}

/// <summary>From pixels to one feature for each cell of a network's last map: <c>pixel_values</c> [images, 3, size, size] →
/// convolutions → the cell beside the square of cells of the map before → mean 0 and deviation 1 → two projections → root mean
/// square 1 → the cell's place added → <c>image_features</c> [images, cells, hidden].</summary>
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
    private NormWeights One => new("projector.norm", [.. Enumerable.Repeat(1f, Described.Second.Features)], null, 1e-6);

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
        string x = ConvolutionEncoder.Write(blocks, Stem, blocks.FloatInput("pixel_values", ("num_tiles", null), ("channels", ImageInput.Channels), ("height", ImageSize), ("width", ImageSize)));
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
        string cells = blocks.Concatenate("cells", 2, squares, last);
        blocks.Hidden.Add(cells);
        blocks.Final = cells;
        string even = blocks.Multiply("cells/even", blocks.Add("cells/middle", cells, blocks.Constant("cells.mean", [.. Mean.Select(value => -value)])), blocks.Constant("cells.scale", Scale));
        string shown = blocks.Normalize(One, Described.Write(blocks, even));
        string features = blocks.Add("features", shown, blocks.Constant("cells.positions", Positions, 1, Cells, Described.Second.Features));
        blocks.FloatOutput("image_features", features, ("num_tiles", null), ("tokens", Cells), ("hidden_size", Described.Second.Features));
        return blocks;
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => ImageInput.Noise(seed, ImageSize);

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] x = ConvolutionEncoder.Compute(Stem, ConvolutionEncoder.ToPlaces(inputs["pixel_values"].Numbers, ImageInput.Channels)), before = x; // [places, channels]
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

    public float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken)
    {
        float[] even = [.. tokens.Select((value, i) => (value - Mean[i % Mean.Length]) * Scale[i % Mean.Length])];
        float[] features = Described.Compute(even);
        ReferenceTransformer.Normalize(One, features);
        TensorPrimitives.Add(features, Positions, features);
        return features;
    }

    private int Channels(int block) => Blocks[block].Steps[^1].Kernel.Features;

    /// <summary>The same tensor in float16 where that loses nothing: training rounds the tower so.</summary>
    private static StoredTensor Halved(StoredTensor tensor) => HalfWeights.Exact(tensor.ToSingle()) is { } halves
        ? new StoredTensor(tensor.Name, tensor.Shape, TensorElement.Float16, MemoryMarshal.AsBytes<Half>(halves).ToArray())
        : tensor;
}

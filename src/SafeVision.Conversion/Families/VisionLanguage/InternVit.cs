using System.Numerics.Tensors;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// InternVL's way from a tile to image features: <c>pixel_values</c> [tiles, 3, size, size] → patches behind a class token →
/// layers → squares of patches joined → a norm and two projections → <c>image_features</c> [tiles, tokens, hidden].
/// </summary>
internal sealed record InternVit : IVisionEncoder
{
    public required int Channels { get; init; }

    public required int ImageSize { get; init; }

    public required int PatchSize { get; init; }

    /// <summary>[width, channels · patch · patch].</summary>
    public required Projection Patches { get; init; }

    /// <summary>The class token, its position added.</summary>
    public required float[] ClassToken { get; init; }

    /// <summary>[patches, width], without the class token's.</summary>
    public required float[] Positions { get; init; }

    public required VisionTransformer Layers { get; init; }

    public required PixelShuffle Shuffle { get; init; }

    public required NormWeights ProjectorNorm { get; init; }

    public required Projection FirstProjection { get; init; }

    public required Projection SecondProjection { get; init; }

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph("vision_encoder", form);
        string pixels = blocks.FloatInput("pixel_values", ("num_tiles", null), ("channels", Channels), ("height", ImageSize), ("width", ImageSize));
        string tokens = Layers.Write(blocks, Embed(blocks, pixels));
        string features = Project(blocks, tokens);
        blocks.FloatOutput("image_features", features, ("num_tiles", null), ("tokens", Shuffle.Tokens), ("hidden_size", SecondProjection.Features));
        return blocks;
    }

    private string Embed(TransformerGraph blocks, string pixels)
    {
        int patches = Shuffle.Grid * Shuffle.Grid;
        string embedded = PatchEmbedding.Write(blocks, pixels, Patches, Channels, PatchSize); // [tiles, patches, width]
        string placed = blocks.Add("patches/placed", embedded, blocks.Constant("patches.positions", Positions, 1, patches, Layers.Width));
        string tiles = blocks.Reshape("tiles", blocks.SizeOf("tiles/count", pixels, 0), 1);
        string shape = blocks.Concatenate("class/shape", 0, tiles, blocks.Graph.Integers("class/sizes", [1, Layers.Width], 2));
        string first = blocks.Graph.Node("Expand", blocks.Graph.Claim("class"), [blocks.Constant("class.token", ClassToken, 1, 1, Layers.Width), shape]);
        return blocks.Concatenate("tokens", 1, first, placed);
    }

    private string Project(TransformerGraph blocks, string tokens)
    {
        OnnxGraph graph = blocks.Graph;
        string patches = graph.Node(
            "Slice", graph.Claim("patches/last"),
            [tokens, graph.Integers("patches/start", [1], 1), graph.Integers("patches/end", [long.MaxValue], 1), graph.Integers("patches/axis", [1], 1)]);
        string normalized = blocks.Normalize(ProjectorNorm, Shuffle.Write(blocks, patches, Layers.Width));
        string inner = blocks.Activate("projector.activation", Activation.Gelu, blocks.Linear("projector.first", FirstProjection, normalized, LinearRole.Projector));
        return blocks.Linear("projector.second", SecondProjection, inner, LinearRole.Projector);
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => new Dictionary<string, VisionInput>
    {
        ["pixel_values"] = VisionInput.Noise(seed, 1, Channels, ImageSize, ImageSize),
    };

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] patches = PatchEmbedding.Compute(inputs["pixel_values"].Numbers, Patches, Channels, ImageSize, PatchSize);
        TensorPrimitives.Add(patches, Positions, patches);
        return [.. ClassToken, .. patches];
    }

    public float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken)
    {
        float[] joined = Shuffle.Compute(tokens.AsSpan(Layers.Width), Layers.Width);
        ReferenceTransformer.Normalize(ProjectorNorm, joined);
        float[] inner = ReferenceTransformer.Linear(FirstProjection, joined);
        ReferenceTransformer.Activate(Activation.Gelu, inner);
        return ReferenceTransformer.Linear(SecondProjection, inner);
    }
}

/// <summary>
/// Joins each square of neighbouring image tokens to one token of all their numbers (Shi et al., arXiv 1609.05158, the
/// other way round), row by row within the square.
/// </summary>
/// <param name="Grid">Tokens along a side, before.</param>
/// <param name="Factor">Tokens along a square's side.</param>
/// <param name="IsTransposed">Whether the squares follow each other column by column, as in the first version of InternVL.</param>
internal sealed record PixelShuffle(int Grid, int Factor, bool IsTransposed)
{
    /// <summary>Tokens of an image, afterwards.</summary>
    public int Tokens => Grid / Factor * (Grid / Factor);

    /// <summary>[images, grid · grid, width] → [images, tokens, factor · factor · width].</summary>
    public string Write(TransformerGraph blocks, string x, int width)
    {
        string squares = blocks.Reshape("shuffle/squares", x, 0, Grid / Factor, Factor, Grid / Factor, Factor, width);
        string ordered = IsTransposed ? blocks.Transpose("shuffle/ordered", squares, 0, 3, 1, 2, 4, 5) : blocks.Transpose("shuffle/ordered", squares, 0, 1, 3, 2, 4, 5);
        return blocks.Reshape("shuffle", ordered, 0, Tokens, (long)Factor * Factor * width);
    }

    /// <summary>The same as a reference, for one image.</summary>
    public float[] Compute(ReadOnlySpan<float> tokens, int width)
    {
        float[] joined = new float[tokens.Length];
        int parts = Factor * Factor;
        for (int i = 0; i < Tokens * parts; i++)
        {
            (int token, int part) = Math.DivRem(i, parts);
            (int row, int column) = Math.DivRem(token, Grid / Factor);
            if (IsTransposed)
            {
                (row, column) = (column, row);
            }

            int source = (((row * Factor) + (part / Factor)) * Grid) + (column * Factor) + (part % Factor);
            tokens.Slice(source * width, width).CopyTo(joined.AsSpan(i * width));
        }

        return joined;
    }
}

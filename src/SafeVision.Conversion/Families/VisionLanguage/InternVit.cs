namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>InternVL's way from a tile to image features: <c>pixel_values</c> [tiles, 3, size, size] → patches behind a class token
/// → layers → squares of patches joined → a norm and two projections → <c>image_features</c> [tiles, tokens, hidden].</summary>
internal sealed record InternVit(PatchTokens Embedding, VisionTransformer Layers, PixelShuffle Shuffle, GeluProjector Projector) : IVisionEncoder
{
    public IVisionEncoder WithLayers(VisionTransformer layers) => this with { Layers = layers };

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph("vision_encoder", form);
        OnnxGraph graph = blocks.Graph;
        int side = Embedding.ImageSize;
        string pixels = blocks.FloatInput(ImageInput.Name, ("num_tiles", null), ("channels", ImageInput.Channels), ("height", side), ("width", side));
        string patches = graph.Node(
            "Slice", graph.Claim("patches/last"),
            [Layers.Write(blocks, Embedding.Embed(blocks, pixels)), graph.Integers("patches/start", [1], 1), graph.Integers("patches/end", [long.MaxValue], 1), graph.Integers("patches/axis", [1], 1)]);
        string features = Projector.Write(blocks, Shuffle.Write(blocks, patches, Layers.Width));
        blocks.FloatOutput("image_features", features, ("num_tiles", null), ("tokens", Shuffle.Tokens), ("hidden_size", Projector.Second.Features));
        return blocks;
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => ImageInput.Noise(seed, Embedding.ImageSize);

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs) => Embedding.Compute(inputs);

    public float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken) => Projector.Compute(Shuffle.Compute(tokens.AsSpan(Layers.Width), Layers.Width));
}

/// <summary>Joins each square of neighbouring image tokens to one token of all their numbers (Shi et al., arXiv 1609.05158, the
/// other way round), row by row within the square.</summary>
/// <param name="Grid">Tokens along a side, before.</param>
/// <param name="Factor">Tokens along a square's side.</param>
/// <param name="IsTransposed">Whether the squares follow each other column by column, as in the first version of InternVL.</param>
internal sealed record PixelShuffle(int Grid, int Factor, bool IsTransposed)
{
    /// <exception cref="CheckpointException">The patches can't be joined evenly.</exception>
    public static PixelShuffle Read(VisionSettings vision)
    {
        int grid = PatchEmbedding.Grid(vision.ImageSize!.Value, vision.PatchSize, vision.Config.Where);
        return grid % vision.Merge == 0
            ? new PixelShuffle(grid, vision.Merge, vision.IsMergeTransposed)
            : throw new CheckpointException($"{vision.Config.Where}: {grid} by {grid} patches can't be joined {vision.Merge} by {vision.Merge}.");
    }

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

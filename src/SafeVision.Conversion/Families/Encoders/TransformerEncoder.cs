namespace SafeVision.Conversion.Families.Encoders;

/// <summary>An encoder whose layers are those of a transformer.</summary>
/// <param name="Name">The file's name, without its ending.</param>
/// <param name="Embedding">From the input to tokens.</param>
/// <param name="Layers">The layers, and the norm behind them.</param>
/// <param name="Head">From tokens to the result.</param>
internal sealed record TransformerEncoder(string Name, IEncoderEmbedding Embedding, VisionTransformer Layers, EncoderHead Head) : IEncoder
{
    public string Output => Head.Output;

    public int Depth => Layers.Layers.Count;

    public int[] FinalShape => [1, Embedding.Tokens, Layers.Width];

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph(Name, form);
        string tokens = Embedding.Write(blocks);
        Head.Write(blocks, Layers.Write(blocks, tokens));
        return blocks;
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => Embedding.Probe(seed);

    public long Cost(int layer) => ReferenceVision.Cost(Layers, Embedding.Tokens);

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs) => Embedding.Compute(inputs);

    public float[] ReferenceStep(int layer, float[] hidden) => ReferenceVision.Step(Layers, layer, hidden);

    public float[] ReferenceFinish(float[] hidden) => ReferenceVision.Finish(Layers, hidden);

    public float[] ReferenceHead(float[] final, IReadOnlyList<float[]> taken, IReadOnlyDictionary<string, VisionInput> inputs) => Head.Compute(final, inputs);
}

/// <summary>From an encoder's input to the tokens that its layers take.</summary>
internal interface IEncoderEmbedding
{
    int Tokens { get; }

    /// <summary>Adds the input and the nodes; yields [items, tokens, width].</summary>
    string Write(TransformerGraph blocks);

    IReadOnlyDictionary<string, VisionInput> Probe(ulong seed);

    /// <summary>The same as a reference, for one item: [tokens, width].</summary>
    float[] Compute(IReadOnlyDictionary<string, VisionInput> inputs);
}

/// <summary>An image as tokens: one for each patch, row by row, perhaps a class token before them, each with its place added
/// (Dosovitskiy et al., arXiv 2010.11929). Pixels behind the last whole patch are not seen, as in the reference.</summary>
internal sealed record PatchTokens : IEncoderEmbedding
{
    /// <summary>Pixels along a side of an image.</summary>
    public required int ImageSize { get; init; }

    public required int PatchHeight { get; init; }
    public required int PatchWidth { get; init; }

    /// <summary>[width, 3 · patch height · patch width].</summary>
    public required Projection Patches { get; init; }

    /// <summary>The class token, its place added; null: none.</summary>
    public float[]? ClassToken { get; init; }

    /// <summary>[patches, width], without the class token's.</summary>
    public required float[] Positions { get; init; }

    /// <summary>Over each token, before the first layer; null: none.</summary>
    public NormWeights? Norm { get; init; }

    public int Rows => ImageSize / PatchHeight;

    public int Columns => ImageSize / PatchWidth;

    public int Tokens => (Rows * Columns) + (ClassToken is null ? 0 : 1);

    /// <param name="positions">The name of the table of places, [tokens, width] or [1, tokens, width].</param>
    /// <param name="classToken">The name of the class token, of any shape; null: none.</param>
    /// <param name="norm">Over each token, before the first layer; null: none.</param>
    public static PatchTokens Read(EncoderSource source, string patches, bool hasBias, string positions, string? classToken = null, NormWeights? norm = null)
    {
        (int image, int width) = (source.ImageSize, source.Width);
        (int patchHeight, int patchWidth) = source.PatchSize;
        int count = image / patchHeight * (image / patchWidth);
        if (count is 0 or > PatchEmbedding.MostPatches)
        {
            throw new CheckpointException($"{source.Where}: an image of {image} pixels has {count} patches of {patchHeight} by {patchWidth}; it must have 1 to {PatchEmbedding.MostPatches}.");
        }

        float[] places = source.Table(positions, count + (classToken is null ? 0 : 1), width);
        float[]? first = null;
        if (classToken is not null)
        {
            first = source.Vector(classToken, width);
            TensorPrimitives.Add(first, places.AsSpan(0, width), first);
            places = places[width..];
        }

        return new PatchTokens
        {
            ImageSize = image,
            PatchHeight = patchHeight,
            PatchWidth = patchWidth,
            Patches = source.Kernel(patches, hasBias, width, ImageInput.Channels, patchHeight, patchWidth),
            ClassToken = first,
            Positions = places,
            Norm = norm,
        };
    }

    public string Write(TransformerGraph blocks) => Embed(blocks, ImageInput.Write(blocks, ImageSize));

    /// <summary>[images, 3, size, size] → [images, tokens, width].</summary>
    public string Embed(TransformerGraph blocks, string pixels)
    {
        int width = Patches.Features;
        string embedded = PatchEmbedding.Write(blocks, pixels, Patches, ImageInput.Channels, PatchHeight, PatchWidth); // [batch, patches, width]
        string tokens = blocks.Add("patches/placed", embedded, blocks.Constant("patches.positions", Positions, 1, Rows * Columns, width));
        if (ClassToken is not null)
        {
            string count = blocks.Reshape("class/count", blocks.SizeOf("class/batch", pixels, 0), 1);
            string shape = blocks.Concatenate("class/shape", 0, count, blocks.Graph.Integers("class/sizes", [1, width], 2));
            string first = blocks.Graph.Node("Expand", blocks.Graph.Claim("class"), [blocks.Constant("class.token", ClassToken, 1, 1, width), shape]);
            tokens = blocks.Concatenate("tokens", 1, first, tokens);
        }

        return Norm is null ? tokens : blocks.Normalize(Norm, tokens);
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => ImageInput.Probe(seed, ImageSize);

    public float[] Compute(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] patches = PatchEmbedding.Compute(inputs[ImageInput.Name].Numbers, Patches, ImageInput.Channels, (ImageSize, ImageSize), PatchHeight, PatchWidth);
        TensorPrimitives.Add(patches, Positions, patches);
        float[] tokens = [.. ClassToken ?? [], .. patches];
        if (Norm is not null)
        {
            ReferenceTransformer.Normalize(Norm, tokens);
        }

        return tokens;
    }
}

/// <summary>A text as tokens, each with its place added: <c>input_ids</c> [batch, tokens].</summary>
/// <param name="Table">[vocabulary, width].</param>
/// <param name="Positions">[most tokens, width].</param>
/// <param name="IsOpen">Whether a text may be shorter.</param>
/// <param name="End">The token that ends a text in the checks; null: none.</param>
internal sealed record TextTokens(WeightMatrix Table, float[] Positions, bool IsOpen, int? End) : IEncoderEmbedding
{
    public const string Name = "input_ids";

    private const int ProbeTokens = 9;

    public int Longest => Positions.Length / Table.Columns;

    public int Tokens => IsOpen ? Math.Min(ProbeTokens, Longest) : Longest;

    public string Write(TransformerGraph blocks)
    {
        OnnxGraph graph = blocks.Graph;
        graph.Input(graph.Claim(Name), DataType.Int64, ("batch_size", null), ("sequence_length", IsOpen ? null : Longest));
        string places = blocks.Constant("positions", Positions, Longest, Table.Columns);
        if (IsOpen)
        {
            string count = blocks.Reshape("positions/count", blocks.SizeOf("positions/length", Name, 1), 1);
            places = graph.Node("Slice", graph.Claim("positions/first"), [places, graph.Integers("positions/start", [0], 1), count, graph.Integers("positions/axis", [0], 1)]);
        }

        return blocks.Add("tokens", blocks.Embedding(Table, Name), places);
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed)
    {
        var random = new Random((int)seed);
        float[] ids = [.. Enumerable.Range(0, Tokens).Select(_ => (float)random.Next(Table.Rows))];
        if (End is { } end && end < Table.Rows)
        {
            ids[^2] = end; // not the last, so that where the text is pooled can be told from its end
        }

        return new Dictionary<string, VisionInput> { [Name] = new([1, ids.Length], ids) };
    }

    public float[] Compute(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] ids = inputs[Name].Numbers, tokens = new float[ids.Length * Table.Columns];
        for (int i = 0; i < ids.Length; i++)
        {
            Table.ReadRows((int)ids[i], tokens.AsSpan(i * Table.Columns, Table.Columns));
        }

        TensorPrimitives.Add(tokens, Positions.AsSpan(0, tokens.Length), tokens);
        return tokens;
    }
}

/// <summary>The images that an encoder takes: <c>pixel_values</c>, float32 [batch, 3, size, size].</summary>
internal static class ImageInput
{
    public const string Name = "pixel_values";

    /// <summary>Red, green, blue.</summary>
    public const int Channels = 3;

    /// <summary>The largest side; larger ones are a damaged configuration.</summary>
    public const int LargestSide = 2048;

    public static string Write(TransformerGraph blocks, int side) =>
        blocks.FloatInput(Name, ("batch_size", null), ("channels", Channels), ("height", side), ("width", side));

    /// <summary>Numbers from -1 to 1, as preprocessed pixels are.</summary>
    public static IReadOnlyDictionary<string, VisionInput> Noise(ulong seed, int side) => new Dictionary<string, VisionInput> { [Name] = VisionInput.Noise(seed, 1, Channels, side, side) };

    /// <summary>Numbers from 0 to 1, as the goldens of image models have them.</summary>
    public static IReadOnlyDictionary<string, VisionInput> Probe(ulong seed, int side) => new Dictionary<string, VisionInput>
    {
        [Name] = new([1, Channels, side, side], GoldenInput.Create(seed, Channels * side * side)),
    };
}

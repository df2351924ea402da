namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Mistral 3's way from one image of any size to image features: <c>pixel_values</c> [1, channels, height, width], both
/// sides multiples of a joined square → patches, row by row → a norm → layers that turn by row and column → a norm → squares joined
/// channel by channel and projected → two projections → <c>image_features</c> [tokens, hidden].</summary>
internal sealed record PixtralVit : IVisionEncoder
{
    public required int Channels { get; init; }
    public required int PatchSize { get; init; }

    /// <summary>Patches along a side of the squares that are joined.</summary>
    public required int Factor { get; init; }

    /// <summary>The base of the frequencies of the angles.</summary>
    public required double Theta { get; init; }

    /// <summary>[width, channels · patch · patch].</summary>
    public required Projection Patches { get; init; }

    /// <summary>Over each patch, before the first layer.</summary>
    public required NormWeights Norm { get; init; }

    public required VisionTransformer Layers { get; init; }
    public required NormWeights ProjectorNorm { get; init; }

    /// <summary>[width, width · factor · factor].</summary>
    public required Projection Merger { get; init; }

    public required GeluProjector Projector { get; init; }

    private int HeadSize => Layers.Width / Layers.Heads;

    private int ProbeRows => 2 * Factor;

    private int ProbeColumns => 3 * Factor;

    public IVisionEncoder WithLayers(VisionTransformer layers) => this with { Layers = layers };

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph("vision_encoder", form);
        OnnxGraph graph = blocks.Graph;
        string pixels = blocks.FloatInput("pixel_values", ("one", 1), ("channels", Channels), ("height", null), ("width", null));
        string patches = blocks.Normalize(Norm, PatchEmbedding.Write(blocks, pixels, Patches, Channels, PatchSize, PatchSize)); // [1, patches, width]
        string rows = Count("rows", 2), columns = Count("columns", 3);
        string tokens = Layers.Write(blocks, patches, RotaryRotation.ByAngles(blocks, HeadSize, Angles(blocks, rows, columns)));
        string factor = graph.Integers("merge/factor", [Factor], 1), width = graph.Integers("merge/width", [Layers.Width], 1);
        string shape = blocks.Concatenate("merge/shape", 0, Squares("rows", rows), factor, Squares("columns", columns), factor, width);
        string parted = graph.Node("Reshape", graph.Claim("merge/parted"), [blocks.Normalize(ProjectorNorm, tokens), shape]); // [rows, factor, columns, factor, width]
        string joined = blocks.Reshape("merge/joined", blocks.Transpose("merge/ordered", parted, 0, 2, 4, 1, 3), -1, Merger.Weight.Columns);
        string merged = blocks.Linear("projector.merger", Merger, joined, LinearRole.Projector);
        blocks.FloatOutput("image_features", Projector.Write(blocks, merged), ("num_tokens", null), ("hidden_size", Projector.Second.Features));
        return blocks;

        string Count(string name, int axis) => graph.Node(
            "Div", graph.Claim($"grid/{name}"), [blocks.SizeOf($"grid/{name}/pixels", "pixel_values", axis), graph.Integers($"grid/{name}/patch", [PatchSize])]);

        string Squares(string name, string count) => graph.Node("Div", graph.Claim($"merge/{name}"), [blocks.Reshape($"merge/{name}/patches", count, 1), factor]);
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => new Dictionary<string, VisionInput>
    {
        ["pixel_values"] = VisionInput.Noise(seed, 1, Channels, ProbeRows * PatchSize, ProbeColumns * PatchSize),
    };

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        VisionInput pixels = inputs["pixel_values"];
        float[] patches = PatchEmbedding.Compute(pixels.Numbers, Patches, Channels, (pixels.Shape[2], pixels.Shape[3]), PatchSize, PatchSize);
        ReferenceTransformer.Normalize(Norm, patches);
        return patches;
    }

    public void ReferenceRotate(float[] query, float[] key)
    {
        (float[] byRow, float[] byColumn) = Frequencies();
        ReferenceTransformer.Rotate(query, Layers.Heads, HeadSize, Angle);
        ReferenceTransformer.Rotate(key, Layers.Heads, HeadSize, Angle);

        double Angle(int token, int pair)
        {
            (int row, int column) = Math.DivRem(token, ProbeColumns);
            return (row * byRow[pair]) + (column * byColumn[pair]);
        }
    }

    public float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken)
    {
        float[] x = [.. tokens];
        ReferenceTransformer.Normalize(ProjectorNorm, x);
        int width = Layers.Width, parts = Factor * Factor;
        float[] joined = new float[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            (int patch, int channel) = Math.DivRem(i, width);
            (int row, int column) = Math.DivRem(patch, ProbeColumns);
            int square = (row / Factor * (ProbeColumns / Factor)) + (column / Factor), part = (row % Factor * Factor) + (column % Factor);
            joined[(square * width * parts) + (channel * parts) + part] = x[i];
        }

        return Projector.Compute(ReferenceTransformer.Linear(Merger, joined));
    }

    /// <summary>[1, patches, 1, headSize / 2]: the first half of a head's angles by the row, the second by the column.</summary>
    private string Angles(TransformerGraph blocks, string rows, string columns)
    {
        OnnxGraph graph = blocks.Graph;
        (float[] byRow, float[] byColumn) = Frequencies();
        string down = Part("row", rows, byRow, -1, 1), across = Part("column", columns, byColumn, 1, -1);
        return blocks.Reshape("rotary/angles", blocks.Add("rotary/sum", down, across), 1, -1, 1, byRow.Length);

        string Part(string axis, string count, float[] frequencies, long first, long second)
        {
            string places = graph.Node("Range", graph.Claim($"rotary/{axis}/places"), [graph.Integers($"rotary/{axis}/zero", [0]), count, graph.Integers($"rotary/{axis}/one", [1])]);
            string numbers = blocks.Reshape($"rotary/{axis}/numbers", blocks.Cast(places, graph.Claim($"rotary/{axis}/float32"), DataType.Float), first, second, 1);
            return blocks.Multiply($"rotary/{axis}", numbers, graph.Singles($"rotary.{axis}.frequencies", frequencies, frequencies.Length));
        }
    }

    // Of the frequencies of a whole head, every second one is the row's and every second one the column's.
    private (float[] ByRow, float[] ByColumn) Frequencies()
    {
        int half = HeadSize / 2;
        float[] byRow = new float[half], byColumn = new float[half];
        for (int i = 0; i < half; i++)
        {
            float frequency = 1 / (float)Math.Pow(Theta, (float)(2 * i) / HeadSize);
            (i % 2 == 0 ? byRow : byColumn)[(i / 2) + (i % 2 * (half / 2))] = frequency;
        }

        return (byRow, byColumn);
    }
}

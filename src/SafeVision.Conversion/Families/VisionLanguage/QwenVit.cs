namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The way of Qwen2-VL, Qwen2.5-VL and Qwen3-VL from one image of any size to image features: <c>pixel_values</c>
/// [patches, numbers of a patch], the patches of each square to be joined one behind the other, and <c>grid_thw</c> [1, 3], how
/// many patches there are in time, height and width → layers that turn by row and column, frame by frame → a norm → squares joined
/// → two projections → <c>image_features</c> [tokens, hidden]. Where values between the layers are merged too (DeepStack, Meng et
/// al., arXiv 2406.04334), those features stand behind the first ones: [tokens, (1 + mergers) · hidden].</summary>
internal sealed record QwenVit : IVisionEncoder
{
    private const float Hidden = -30000; // what softmax makes 0 of; in reach of float16
    private const float MostColumns = 1 << 12; // of windows, so that one number tells row and column

    /// <summary>Patches along a side of the squares that are joined.</summary>
    public required int Factor { get; init; }

    /// <summary>The base of the frequencies of the angles.</summary>
    public required double Theta { get; init; }

    /// <summary>Patches along a side of the windows that some layers see, counted from the upper left; null: there are none.</summary>
    public int? Window { get; init; }

    /// <summary>[width, channels · time · patch · patch].</summary>
    public required Projection Patches { get; init; }

    public required VisionTransformer Layers { get; init; }

    /// <summary>Of the last layer's tokens.</summary>
    public required GeluProjector Merger { get; init; }

    /// <summary>Learned places, brought to an image's grid; null: there are none.</summary>
    public LearnedPlaces? Positions { get; init; }

    /// <summary>Mergers of the tokens behind some layers, and which layers.</summary>
    public IReadOnlyList<(int Layer, GeluProjector Merger)> DeepStack { get; init; } = [];

    public IReadOnlyList<int> TakenLayers => [.. DeepStack.Select(part => part.Layer)];

    private int HeadSize => Layers.Width / Layers.Heads;

    private int ProbeHeight => (Window ?? Factor) + Factor; // more than one window, and one that is not full

    private int ProbeWidth => (Window ?? Factor) + (2 * Factor);

    public IVisionEncoder WithLayers(VisionTransformer layers) => this with { Layers = layers };

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph("vision_encoder", form);
        string pixels = blocks.FloatInput("pixel_values", ("num_patches", null), ("patch_numbers", Patches.Weight.Columns));
        blocks.Graph.Input(blocks.Graph.Claim("grid_thw"), DataType.Int64, ("one", 1), ("axes", 3));
        string frames = Framed(blocks, PatchEmbedding.WriteCut(blocks, pixels, Patches));
        frames = Positions is null ? frames : blocks.Add("positions/placed", frames, WritePositions(blocks, Positions));
        string rows = Places(blocks, "row", 1, -1, 1, Factor, 1), columns = Places(blocks, "column", 2, 1, -1, 1, Factor);
        string tokens = Layers.Write(
            blocks, frames, RotaryRotation.ByAngles(blocks, HeadSize, Angles(blocks, rows, columns)), Window is { } window ? Windows(blocks, rows, columns, window) : null);
        string[] features = [Merge(Merger, tokens), .. DeepStack.Select(part => Merge(part.Merger, blocks.Hidden[part.Layer + 1]))];
        blocks.FloatOutput(
            "image_features", features.Length == 1 ? features[0] : blocks.Concatenate("features", -1, features), ("num_tokens", null), ("hidden_size", features.Length * Merger.Second.Features));
        return blocks;

        // [time, height · width, width] → [tokens, hidden]: a square's patches stand one behind the other.
        string Merge(GeluProjector merger, string tokens) => merger.Write(blocks, blocks.Reshape($"{merger.Name}/joined", tokens, -1, merger.First.Weight.Columns));
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => new Dictionary<string, VisionInput>
    {
        ["pixel_values"] = VisionInput.Noise(seed, ProbeHeight * ProbeWidth, Patches.Weight.Columns),
        ["grid_thw"] = new VisionInput([1, 3], [1, ProbeHeight, ProbeWidth]),
    };

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] tokens = ReferenceTransformer.Linear(Patches, inputs["pixel_values"].Numbers);
        for (int token = 0; Positions is { } places && token < tokens.Length / Layers.Width; token++)
        {
            (int row, int column) = Place(token);
            places.Add(tokens.AsSpan(token * Layers.Width, Layers.Width), (row, ProbeHeight), (column, ProbeWidth));
        }

        return tokens;
    }

    public void ReferenceRotate(float[] query, float[] key)
    {
        float[] frequencies = Frequencies();
        ReferenceTransformer.Rotate(query, Layers.Heads, HeadSize, Angle);
        ReferenceTransformer.Rotate(key, Layers.Heads, HeadSize, Angle);

        double Angle(int token, int pair)
        {
            (int row, int column) = Place(token);
            return (pair < frequencies.Length ? row : column) * frequencies[pair % frequencies.Length];
        }
    }

    public bool SharesWindow(int token, int other)
    {
        ((int row, int column), (int otherRow, int otherColumn), int window) = (Place(token), Place(other), Window ?? int.MaxValue);
        return row / window == otherRow / window && column / window == otherColumn / window;
    }

    public float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken)
    {
        float[][] parts = [Merger.Compute(tokens), .. DeepStack.Select((part, i) => part.Merger.Compute(taken[i]))];
        int hidden = Merger.Second.Features, count = parts[0].Length / hidden;
        return [.. Enumerable.Range(0, count).SelectMany(token => parts.SelectMany(part => part.AsSpan(token * hidden, hidden).ToArray()))];
    }

    /// <summary>[patches, width] → [time, height · width, width]: patches of different frames do not meet.</summary>
    private string Framed(TransformerGraph blocks, string patches)
    {
        OnnxGraph graph = blocks.Graph;
        string time = blocks.Reshape("grid/time", Axis(blocks, "grid/t", 0), 1);
        string shape = blocks.Concatenate("frames/shape", 0, time, graph.Integers("frames/sizes", [-1, Layers.Width], 2));
        return graph.Node("Reshape", graph.Claim("frames"), [patches, shape]);
    }

    /// <summary>[1, height · width, 1, headSize / 2]: the first half of a head's angles by the row, the second by the column.</summary>
    private string Angles(TransformerGraph blocks, string rows, string columns)
    {
        OnnxGraph graph = blocks.Graph;
        float[] frequencies = Frequencies(), none = new float[frequencies.Length];
        string byRow = graph.Node("Mul", graph.Claim("rotary/rows"), [rows, graph.Singles("rotary.rowFrequencies", [.. frequencies, .. none], 2 * none.Length)]);
        string byColumn = graph.Node("Mul", graph.Claim("rotary/columns"), [columns, graph.Singles("rotary.columnFrequencies", [.. none, .. frequencies], 2 * none.Length)]);
        return blocks.Reshape("rotary/angles", blocks.Add("rotary/sum", byRow, byColumn), 1, -1, 1, 2 * none.Length);
    }

    /// <summary>[1, 1, height · width, height · width]: nothing within a window, and between two what hides them from each other.
    /// The reference sorts patches by window instead, which gives the same sums.</summary>
    private static string Windows(TransformerGraph blocks, string rows, string columns, int window)
    {
        OnnxGraph graph = blocks.Graph;
        string size = graph.Singles("windows.size", [window], 1);
        string number = blocks.Add(
            "windows/number", blocks.Multiply("windows/row/first", Count("row", rows), graph.Singles("windows.columns", [MostColumns], 1)), Count("column", columns));
        string same = graph.Node("Equal", graph.Claim("windows/same"), [blocks.Reshape("windows/token", number, -1, 1), blocks.Reshape("windows/other", number, 1, -1)]);
        string bias = graph.Node("Where", graph.Claim("windows/bias"), [same, blocks.Constant("windows.shown", [0], 1), blocks.Constant("windows.hidden", [Hidden], 1)]);
        return graph.Node("Unsqueeze", graph.Claim("windows/scores"), [bias, graph.Integers("windows/axes", [0, 1], 2)]);

        string Count(string axis, string places) =>
            graph.Node("Floor", graph.Claim($"windows/{axis}"), [graph.Node("Div", graph.Claim($"windows/{axis}/part"), [places, size])]);
    }

    /// <summary>The learned places of a grid, [1, height · width, width]: those of the table between which each patch lies, by their distance.</summary>
    private string WritePositions(TransformerGraph blocks, LearnedPlaces places)
    {
        OnnxGraph graph = blocks.Graph;
        (int side, int width) = (places.Side, Layers.Width);
        string table = graph.Singles("positions.table", places.Table, side, side * width);
        string byRow = blocks.Reshape("positions/rows", graph.Node("MatMul", graph.Claim("positions/rows/flat"), [Shares("row", 1), table]), 0, side, width); // [height, side, width]
        string byPlace = graph.Node("MatMul", graph.Claim("positions/places"), [Shares("column", 2), byRow]); // [height, width of the grid, width]
        string factor = graph.Integers("positions/factor", [Factor], 1);
        string shape = blocks.Concatenate("positions/shape", 0, Half("row", 1), factor, Half("column", 2), factor, graph.Integers("positions/width", [width], 1));
        string squares = blocks.Transpose("positions/squares", graph.Node("Reshape", graph.Claim("positions/parted"), [byPlace, shape]), 0, 2, 1, 3, 4);
        string flat = blocks.Reshape("positions", squares, 1, -1, width);
        return blocks.Activations == DataType.Float ? flat : blocks.Cast(flat, graph.Claim("positions/inside"), blocks.Activations);

        string Half(string axis, int index) =>
            graph.Node("Div", graph.Claim($"positions/{axis}/squares"), [blocks.Reshape($"positions/{axis}/size", Axis(blocks, $"positions/{axis}/whole", index), 1), factor]);

        // [size, side]: of the two cells on both sides of a place, the nearer one's is the larger share; of all others none.
        string Shares(string axis, int index)
        {
            string size = Axis(blocks, $"positions/{axis}/count", index);
            string numbers = blocks.Cast(
                graph.Node("Range", graph.Claim($"positions/{axis}/range"), [graph.Integers($"positions/{axis}/zero", [0]), size, graph.Integers($"positions/{axis}/one", [1])]),
                graph.Claim($"positions/{axis}/numbers"), DataType.Float);
            string last = graph.Node("Max", graph.Claim($"positions/{axis}/last"), [
                graph.Node("Sub", graph.Claim($"positions/{axis}/before"), [blocks.Cast(size, graph.Claim($"positions/{axis}/float32"), DataType.Float), graph.Singles($"positions/{axis}/unit", [1])]),
                graph.Singles($"positions/{axis}/least", [1])]);
            string scaled = graph.Node("Div", graph.Claim($"positions/{axis}/at"), [blocks.Multiply($"positions/{axis}/stretched", numbers, graph.Singles($"positions/{axis}/side", [side - 1])), last]);
            string distance = graph.Node("Abs", graph.Claim($"positions/{axis}/distance"), [
                graph.Node("Sub", graph.Claim($"positions/{axis}/difference"), [blocks.Reshape($"positions/{axis}/columnwise", scaled, -1, 1), graph.Singles($"positions/{axis}/cells", [.. Enumerable.Range(0, side).Select(i => (float)i)], 1, side)])]);
            return graph.Node("Relu", graph.Claim($"positions/{axis}/shares"), [graph.Node("Sub", graph.Claim($"positions/{axis}/nearness"), [graph.Singles($"positions/{axis}/whole/one", [1]), distance])]);
        }
    }

    /// <summary>The rows or the columns of patches, as [height / factor, width / factor, factor, factor, 1] where the other axes are 1.</summary>
    private static string Places(TransformerGraph blocks, string name, int axis, long first, long second, long third, long fourth)
    {
        OnnxGraph graph = blocks.Graph;
        string size = Axis(blocks, $"grid/{name}s", axis);
        string places = graph.Node("Range", graph.Claim($"grid/{name}"), [graph.Integers($"grid/{name}/zero", [0]), size, graph.Integers($"grid/{name}/one", [1])]);
        string numbers = blocks.Cast(places, graph.Claim($"grid/{name}/float32"), DataType.Float);
        return blocks.Reshape($"grid/{name}/squares", numbers, first, second, third, fourth, 1);
    }

    /// <summary>Where a token of the probe lies.</summary>
    private (int Row, int Column) Place(int token)
    {
        (int square, int part) = Math.DivRem(token, Factor * Factor);
        (int squareRow, int squareColumn) = Math.DivRem(square, ProbeWidth / Factor);
        (int row, int column) = Math.DivRem(part, Factor);
        return ((squareRow * Factor) + row, (squareColumn * Factor) + column);
    }

    private static string Axis(TransformerGraph blocks, string name, int axis) => blocks.Reshape(
        name, blocks.Graph.Node("Gather", blocks.Graph.Claim($"{name}/taken"), ["grid_thw", blocks.Graph.Integers($"{name}/axis", [axis])], OnnxAttribute.Integer("axis", 1)));

    private float[] Frequencies()
    {
        int half = HeadSize / 2;
        return [.. Enumerable.Range(0, half / 2).Select(i => 1 / (float)Math.Pow(Theta, (float)(2 * i) / half))];
    }
}

/// <summary>A square table of learned places, stretched over the patches of an image with its corners on theirs (transformers, modeling_qwen3_vl.py, fast_pos_embed_interpolate).</summary>
/// <param name="Side">Places along a side.</param>
/// <param name="Table">[side · side, width].</param>
internal sealed record LearnedPlaces(int Side, float[] Table)
{
    /// <summary>Adds the place of one patch to its vector.</summary>
    public void Add(Span<float> token, (int Place, int Count) row, (int Place, int Count) column)
    {
        double y = At(row), x = At(column);
        for (int cell = 0; cell < Side * Side; cell++)
        {
            double share = Math.Max(0, 1 - Math.Abs(y - (cell / Side))) * Math.Max(0, 1 - Math.Abs(x - (cell % Side)));
            for (int i = 0; share > 0 && i < token.Length; i++)
            {
                token[i] += (float)(share * Table[(cell * token.Length) + i]);
            }
        }
    }

    private double At((int Place, int Count) axis) => axis.Place * (Side - 1.0) / Math.Max(1, axis.Count - 1);
}

using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Qwen2-VL's and Qwen2.5-VL's way from one picture of any size to image features: <c>pixel_values</c> [patches, numbers of a patch], the
/// patches of each square to be joined one behind the other, and <c>grid_thw</c> [1, 3], how many patches there are in time,
/// height and width → layers that turn by row and column, frame by frame → a norm → squares joined → two projections →
/// <c>image_features</c> [tokens, hidden].
/// </summary>
internal sealed record Qwen2Vit : IVisionEncoder
{
    private const double Theta = 10000;
    private const float Hidden = -30000; // what softmax makes 0 of; in reach of float16
    private const float MostColumns = 1 << 12; // of windows, so that one number tells row and column

    /// <summary>Patches along a side of the squares that are joined.</summary>
    public required int Factor { get; init; }

    /// <summary>Patches along a side of the windows that some layers see, counted from the upper left; null: there are none.</summary>
    public int? Window { get; init; }

    /// <summary>[width, channels · time · patch · patch].</summary>
    public required Projection Patches { get; init; }

    public required VisionTransformer Layers { get; init; }

    public required Projection FirstProjection { get; init; }

    public required Projection SecondProjection { get; init; }

    private int HeadSize => Layers.Width / Layers.Heads;

    private int ProbeHeight => (Window ?? Factor) + Factor; // more than one window, and one that is not full

    private int ProbeWidth => (Window ?? Factor) + (2 * Factor);

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph("vision_encoder", form);
        string pixels = blocks.FloatInput("pixel_values", ("num_patches", null), ("patch_numbers", Patches.Weight.Columns));
        blocks.Graph.Input(blocks.Graph.Claim("grid_thw"), DataType.Int64, ("one", 1), ("axes", 3));
        string frames = Framed(blocks, PatchEmbedding.WriteCut(blocks, pixels, Patches));
        string rows = Places(blocks, "row", 1, -1, 1, Factor, 1), columns = Places(blocks, "column", 2, 1, -1, 1, Factor);
        string tokens = Layers.Write(
            blocks, frames, RotaryRotation.ByAngles(blocks, HeadSize, Angles(blocks, rows, columns)), Window is { } window ? Windows(blocks, rows, columns, window) : null);
        string joined = blocks.Reshape("merger/joined", tokens, -1, Factor * Factor * Layers.Width);
        string inner = blocks.Activate("merger.activation", Activation.Gelu, blocks.Linear("merger.first", FirstProjection, joined, LinearRole.Projector));
        blocks.FloatOutput(
            "image_features", blocks.Linear("merger.second", SecondProjection, inner, LinearRole.Projector), ("num_tokens", null), ("hidden_size", SecondProjection.Features));
        return blocks;
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => new Dictionary<string, VisionInput>
    {
        ["pixel_values"] = VisionInput.Noise(seed, ProbeHeight * ProbeWidth, Patches.Weight.Columns),
        ["grid_thw"] = new VisionInput([1, 3], [1, ProbeHeight, ProbeWidth]),
    };

    public float[] EmbedPlainly(IReadOnlyDictionary<string, VisionInput> inputs) => PlainTransformer.Linear(Patches, inputs["pixel_values"].Numbers);

    public void RotatePlainly(float[] query, float[] key)
    {
        float[] frequencies = Frequencies();
        PlainTransformer.Rotate(query, Layers.Heads, HeadSize, Angle);
        PlainTransformer.Rotate(key, Layers.Heads, HeadSize, Angle);

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

    public float[] ProjectPlainly(float[] tokens)
    {
        float[] inner = PlainTransformer.Linear(FirstProjection, tokens); // a square's patches already stand one behind the other
        PlainTransformer.Activate(Activation.Gelu, inner);
        return PlainTransformer.Linear(SecondProjection, inner);
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

    /// <summary>
    /// [1, 1, height · width, height · width]: nothing within a window, and between two what hides them from each other. The
    /// reference sorts patches by window instead, which gives the same sums.
    /// </summary>
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

using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Qwen2-VL's way from one picture of any size to image features: <c>pixel_values</c> [patches, numbers of a patch], the
/// patches of each square to be joined one behind the other, and <c>grid_thw</c> [1, 3], how many patches there are in time,
/// height and width → layers that turn by row and column, frame by frame → a norm → squares joined → two projections →
/// <c>image_features</c> [tokens, hidden].
/// </summary>
internal sealed record Qwen2Vit : IVisionEncoder
{
    private const double Theta = 10000;

    /// <summary>Patches along a side of the squares that are joined.</summary>
    public required int Factor { get; init; }

    /// <summary>[width, channels · time · patch · patch].</summary>
    public required Projection Patches { get; init; }

    public required VisionTransformer Layers { get; init; }

    public required Projection FirstProjection { get; init; }

    public required Projection SecondProjection { get; init; }

    private int HeadSize => Layers.Width / Layers.Heads;

    private int ProbeHeight => 2 * Factor;

    private int ProbeWidth => 3 * Factor;

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph("vision_encoder", form);
        string pixels = blocks.FloatInput("pixel_values", ("num_patches", null), ("patch_numbers", Patches.Weight.Columns));
        blocks.Graph.Input(blocks.Graph.Claim("grid_thw"), DataType.Int64, ("one", 1), ("axes", 3));
        string frames = Framed(blocks, PatchEmbedding.WriteCut(blocks, pixels, Patches));
        string tokens = Layers.Write(blocks, frames, RotaryRotation.ByAngles(blocks, HeadSize, Angles(blocks)));
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
            (int square, int part) = Math.DivRem(token, Factor * Factor);
            (int squareRow, int squareColumn) = Math.DivRem(square, ProbeWidth / Factor);
            (int row, int column) = Math.DivRem(part, Factor);
            int place = pair < frequencies.Length ? (squareRow * Factor) + row : (squareColumn * Factor) + column;
            return place * frequencies[pair % frequencies.Length];
        }
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
    private string Angles(TransformerGraph blocks)
    {
        OnnxGraph graph = blocks.Graph;
        float[] frequencies = Frequencies(), none = new float[frequencies.Length];
        string rows = graph.Node("Mul", graph.Claim("rotary/rows"), [Places("row", 1, -1, 1, Factor, 1), graph.Singles("rotary.rowFrequencies", [.. frequencies, .. none], 2 * none.Length)]);
        string columns = graph.Node("Mul", graph.Claim("rotary/columns"), [Places("column", 2, 1, -1, 1, Factor), graph.Singles("rotary.columnFrequencies", [.. none, .. frequencies], 2 * none.Length)]);
        return blocks.Reshape("rotary/angles", blocks.Add("rotary/sum", rows, columns), 1, -1, 1, 2 * none.Length);

        // Along one axis, as [height / factor, width / factor, factor, factor, 1] where the other axes are 1.
        string Places(string name, int axis, long first, long second, long third, long fourth)
        {
            string size = Axis(blocks, $"grid/{name}s", axis);
            string places = graph.Node("Range", graph.Claim($"grid/{name}"), [graph.Integers($"grid/{name}/zero", [0]), size, graph.Integers($"grid/{name}/one", [1])]);
            string numbers = blocks.Cast(places, graph.Claim($"grid/{name}/float32"), DataType.Float);
            return blocks.Reshape($"grid/{name}/squares", numbers, first, second, third, fourth, 1);
        }
    }

    private static string Axis(TransformerGraph blocks, string name, int axis) => blocks.Reshape(
        name, blocks.Graph.Node("Gather", blocks.Graph.Claim($"{name}/taken"), ["grid_thw", blocks.Graph.Integers($"{name}/axis", [axis])], OnnxAttribute.Integer("axis", 1)));

    private float[] Frequencies()
    {
        int half = HeadSize / 2;
        return [.. Enumerable.Range(0, half / 2).Select(i => 1 / (float)Math.Pow(Theta, (float)(2 * i) / half))];
    }
}

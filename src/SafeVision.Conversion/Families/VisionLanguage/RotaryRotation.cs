using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Turns queries and keys by their positions with standard operators.</summary>
internal sealed class RotaryRotation
{
    private readonly TransformerGraph _blocks;
    private readonly int _headSize;
    private readonly string _cosines, _sines;

    /// <param name="blocks">The graph.</param>
    /// <param name="headSize">The size of a head.</param>
    /// <param name="cosines">Of each token's angles, with a dimension of 1 for the heads: [batch, sequence, 1, headSize / 2].</param>
    /// <param name="sines">Likewise.</param>
    public RotaryRotation(TransformerGraph blocks, int headSize, string cosines, string sines) =>
        (_blocks, _headSize, _cosines, _sines) = (blocks, headSize, cosines, sines);

    /// <summary>Adds the input <c>position_ids</c> [batch, sequence] and takes each token's angles from a table.</summary>
    public static RotaryRotation ByPositions(TransformerGraph blocks, DecoderShape shape)
    {
        OnnxGraph graph = blocks.Graph;
        graph.Input(graph.Claim("position_ids"), DataType.Int64, ("batch_size", null), ("sequence_length", null));
        (string cosines, string sines) = shape.Rotary.Write(graph, blocks.Activations);
        return new RotaryRotation(blocks, shape.HeadSize, Angles("rotary.cosine", cosines), Angles("rotary.sine", sines));

        string Angles(string name, string table)
        {
            string rows = graph.Node("Gather", graph.Claim(name), [table, "position_ids"]); // [batch, sequence, headSize / 2]
            return graph.Node("Unsqueeze", graph.Claim($"{name}/heads"), [rows, graph.Integers($"{name}/axis", [2], 1)]);
        }
    }

    /// <summary>[batch, sequence, heads · headSize] → [batch, sequence, heads, headSize], turned.</summary>
    public string Rotate(string name, string x, int heads)
    {
        OnnxGraph graph = _blocks.Graph;
        string first = graph.Claim($"{name}/first"), second = graph.Claim($"{name}/second");
        graph.Node(
            "Split", [first, second], [_blocks.Reshape($"{name}/heads", x, 0, 0, heads, _headSize)], OnnxAttribute.Integer("axis", -1), OnnxAttribute.Integer("num_outputs", 2));
        string low = graph.Node(
            "Sub", graph.Claim($"{name}/low"), [_blocks.Multiply($"{name}/first/cosine", first, _cosines), _blocks.Multiply($"{name}/second/sine", second, _sines)]);
        string high = _blocks.Add(
            $"{name}/high", _blocks.Multiply($"{name}/second/cosine", second, _cosines), _blocks.Multiply($"{name}/first/sine", first, _sines));
        return _blocks.Concatenate($"{name}/rotated", -1, low, high);
    }
}

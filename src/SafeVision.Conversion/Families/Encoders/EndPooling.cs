using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>The token at the first end of a text; without an end, the first token.</summary>
/// <param name="Width">The size of a token.</param>
/// <param name="End">The id of what ends a text; null: the highest id of the text does (the first configurations of CLIP).</param>
internal sealed record EndPooling(int Width, int? End) : ITokenPooling
{
    public string Write(TransformerGraph blocks, string tokens)
    {
        OnnxGraph graph = blocks.Graph;
        string marks = End is { } end
            ? graph.Node("Equal", graph.Claim("pooled/isEnd"), [TextTokens.Name, graph.Integers("pooled/end", [end])])
            : TextTokens.Name;
        string place = graph.Node(
            "ArgMax", graph.Claim("pooled/place"), [blocks.Cast(marks, graph.Claim("pooled/marks"), DataType.Int32)],
            OnnxAttribute.Integer("axis", 1), OnnxAttribute.Integer("keepdims", 1)); // [batch, 1]; of several, the first
        return graph.Node("GatherND", graph.Claim("pooled"), [tokens, place], OnnxAttribute.Integer("batch_dims", 1));
    }

    public float[] Compute(float[] tokens, IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] ids = inputs[TextTokens.Name].Numbers;
        int place = Math.Max(0, Array.IndexOf(ids, End ?? ids.Max()));
        return tokens.AsSpan(place * Width, Width).ToArray();
    }
}

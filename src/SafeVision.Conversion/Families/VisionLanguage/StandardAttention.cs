using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Attention by multiplications and a softmax over a cache that grows. Positions are an input of the graph, and a token is
/// seen where the mask says so, so that rows may be padded on either side.
/// </summary>
internal sealed class StandardAttention(TransformerGraph blocks, DecoderShape shape) : DecoderAttention(blocks, shape)
{
    private const float Hidden = -30000; // what softmax makes 0 of; in reach of float16, and no infinity, for a row may have nothing to see

    private RotaryRotation? _rotation;
    private string _bias = "";

    private int Groups => Shape.Heads / Shape.KeyValueHeads;

    public override void WriteInputs(string embeddings, string mask)
    {
        _rotation = RotaryRotation.ByPositions(Blocks, Shape);
        string length = Blocks.SizeOf("mask/length", embeddings, 1), total = Blocks.SizeOf("mask/total", mask, 1);
        string zero = Graph.Integers("mask/zero", [0]), one = Graph.Integers("mask/one", [1]);
        string past = Graph.Node("Sub", Graph.Claim("mask/past"), [total, length]);
        string queries = Blocks.Reshape("mask/queries", Graph.Node("Range", Graph.Claim("mask/places"), [past, total, one]), -1, 1); // [sequence, 1]
        string keys = Graph.Node("Range", Graph.Claim("mask/keys"), [zero, total, one]);
        string causal = Graph.Node("LessOrEqual", Graph.Claim("mask/causal"), [keys, queries]); // [sequence, total]
        string present = Blocks.Cast(Blocks.Reshape("mask/rows", mask, 0, 1, 1, -1), Graph.Claim("mask/present"), DataType.Bool); // [batch, 1, 1, total]
        string seen = Graph.Node("And", Graph.Claim("mask/seen"), [causal, present]);
        string bias = Graph.Node("Where", Graph.Claim("mask/bias"), [seen, Blocks.Constant("mask/shown", [0], 1), Blocks.Constant("mask/hidden", [Hidden], 1)]);
        _bias = Groups == 1 ? bias : Blocks.Concatenate("mask/groups", 2, [.. Enumerable.Repeat(bias, Groups)]); // [batch, 1, groups · sequence, total]
    }

    protected override string Attend(int index, DecoderLayer layer, string x, string pastKey, string pastValue, string presentKey, string presentValue)
    {
        string name = $"{layer.Name}.attention";
        (string query, string key, string value) = ProjectApart(index, layer, x);
        query = ByHead($"{name}.query", _rotation!.Rotate($"{name}.query", query, Shape.Heads));
        key = ByHead($"{name}.key", _rotation.Rotate($"{name}.key", key, Shape.KeyValueHeads));
        value = ByHead($"{name}.value", Blocks.Reshape($"{name}.value/heads", value, 0, 0, Shape.KeyValueHeads, Shape.HeadSize));
        Graph.Node("Concat", presentKey, [pastKey, key], OnnxAttribute.Integer("axis", 2));
        Graph.Node("Concat", presentValue, [pastValue, value], OnnxAttribute.Integer("axis", 2));

        // The queries that share a key stand one behind the other, so that keys need not be repeated: [batch, keyValueHeads, groups · sequence, headSize]
        string grouped = Blocks.Reshape($"{name}.query/groups", query, 0, Shape.KeyValueHeads, -1, Shape.HeadSize);
        string scores = Graph.RuntimeNode(
            "FusedMatMul", Graph.Claim($"{name}/scores"), [grouped, presentKey], OnnxAttribute.Integer("transB", 1), OnnxAttribute.Number("alpha", 1 / Math.Sqrt(Shape.HeadSize)));
        string weights = Graph.Node("Softmax", Graph.Claim($"{name}/weights"), [Blocks.Add($"{name}/masked", scores, _bias)], OnnxAttribute.Integer("axis", -1));
        string mixed = Graph.Node("MatMul", Graph.Claim($"{name}/mixed"), [weights, presentValue]);
        string heads = Graph.Node("Reshape", Graph.Claim($"{name}/heads"), [mixed, Graph.Node("Shape", Graph.Claim($"{name}/shape"), [query])]);
        return Blocks.Reshape(name, Blocks.Transpose($"{name}/joined", heads, 0, 2, 1, 3), 0, 0, Shape.Heads * Shape.HeadSize);
    }

    private string ByHead(string name, string x) => Blocks.Transpose($"{name}/byHead", x, 0, 2, 1, 3);
}

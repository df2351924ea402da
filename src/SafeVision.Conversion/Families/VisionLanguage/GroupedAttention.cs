using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Attention by ONNX Runtime's GroupQueryAttention (its docs/ContribOperators.md), which rotates by itself and may append
/// to the cache in place. A row's length is the sum of its mask, so padding stands on the right.
/// </summary>
internal sealed class GroupedAttention(TransformerGraph blocks, DecoderShape shape) : DecoderAttention(blocks, shape)
{
    private RotaryRotation? _rotation; // null: the operator turns by itself
    private string _lastPositions = "", _total = "", _cosines = "", _sines = "";

    /// <summary>Whether the operator can do it: its vectors are 8 numbers wide, 16 where it turns them.</summary>
    public static bool Takes(DecoderShape shape) => shape.HeadSize % (shape.RotarySections is null ? 16 : 8) == 0;

    public override void WriteInputs(string embeddings, string mask)
    {
        string lengths = Graph.Node("ReduceSum", Graph.Claim("mask/lengths"), [mask, Graph.Integers("mask/axis", [1], 1)], OnnxAttribute.Integer("keepdims", 0));
        string last = Graph.Node("Sub", Graph.Claim("mask/last"), [lengths, Graph.Integers("mask/one", [1], 1)]);
        _lastPositions = Blocks.Cast(last, Graph.Claim("mask/last/int32"), DataType.Int32);
        _total = Blocks.Cast(Blocks.SizeOf("mask/total", mask, 1), Graph.Claim("mask/total/int32"), DataType.Int32);
        if (Shape.RotarySections is null)
        {
            (_cosines, _sines) = Shape.Rotary.Write(Graph, Blocks.Activations);
        }
        else
        {
            _rotation = RotaryRotation.ByPositions(Blocks, Shape);
        }
    }

    protected override string Attend(int index, DecoderLayer layer, string x, string pastKey, string pastValue, string presentKey, string presentValue)
    {
        string name = $"{layer.Name}.attention", output = Graph.Claim(name);
        string[] caches = [pastKey, pastValue, _lastPositions, _total];
        AttributeProto[] heads = [OnnxAttribute.Integer("num_heads", Shape.Heads), OnnxAttribute.Integer("kv_num_heads", Shape.KeyValueHeads)];
        if (_rotation is not null)
        {
            (string q, string k, string v) = ProjectApart(index, layer, x);
            Graph.RuntimeNode(
                "GroupQueryAttention", [output, presentKey, presentValue],
                [Turn($"{name}.query", q, Shape.Heads), Turn($"{name}.key", k, Shape.KeyValueHeads), v, .. caches], heads);
            return output;
        }

        (string query, string key, string value) = layer.QueryNorm is null && layer.KeyNorm is null
            ? (ProjectTogether(index, layer, x), "", "")
            : ProjectApart(index, layer, x);
        Graph.RuntimeNode(
            "GroupQueryAttention", [output, presentKey, presentValue],
            [query, key, value, .. caches, _cosines, _sines], [.. heads, OnnxAttribute.Integer("do_rotary", 1)]);
        return output;
    }

    private string Turn(string name, string x, int heads) =>
        Blocks.Reshape($"{name}/turned", _rotation!.Rotate(name, x, heads), 0, 0, heads * Shape.HeadSize);
}

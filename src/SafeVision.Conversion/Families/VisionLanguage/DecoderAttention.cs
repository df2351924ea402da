// VisionLanguage: a file for each family and each vision tower (…Vit): tensor names, and the graph of the tower from VisionTransformer
// and of the decoder from TextDecoder, DecoderAttention and DecoderGraph. A VisionLanguageModel is what a family gives.

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>How a decoder's attention stands in its graph.</summary>
internal enum AttentionStyle
{
    /// <summary>ONNX Runtime's GroupQueryAttention: rotation inside, and a cache that may be one buffer for past and present. Rows
    /// of a batch are padded on the right, and there is no input for positions.</summary>
    Grouped,

    /// <summary>Standard operators: any padding that the mask tells, positions as an input, a cache that grows by copies.</summary>
    Standard,
}

/// <summary>The styles of attention by the names that options give them.</summary>
internal static class AttentionStyles
{
    private static readonly string[] s_names = ["grouped", "standard"]; // by the styles' numbers

    public static IReadOnlyList<string> Names => s_names;

    /// <exception cref="CheckpointException">The name is not known; the message lists those that are.</exception>
    public static AttentionStyle Parse(string name) => Array.IndexOf(s_names, name) is >= 0 and int style
        ? (AttentionStyle)style
        : throw new CheckpointException($"'{name}' is no way to attend; these are: {string.Join(", ", Names)}.");
}

/// <summary>The attention of a decoder's layers, its cache included, as nodes of a graph: what the styles share.</summary>
internal abstract class DecoderAttention(TransformerGraph blocks, DecoderShape shape)
{
    private const float Hidden = -30000; // what softmax makes 0 of; in reach of float16, and no infinity, for a row may have nothing to see

    private int _layers; // of the model
    private string? _growth; // what queries are multiplied by; null: nothing

    protected TransformerGraph Blocks { get; } = blocks;

    protected OnnxGraph Graph => Blocks.Graph;

    protected DecoderShape Shape { get; } = shape;

    /// <summary>The style's writer; heads of a size that GroupQueryAttention does not take are written with standard operators.</summary>
    public static DecoderAttention Create(AttentionStyle style, TransformerGraph blocks, DecoderShape shape) =>
        style == AttentionStyle.Grouped && GroupedAttention.Takes(shape) ? new GroupedAttention(blocks, shape) : new StandardAttention(blocks, shape);

    /// <summary>Adds what all layers share, inputs of the graph included.</summary>
    public abstract void WriteInputs(string embeddings, string mask);

    /// <summary>Adds one layer's attention up to but without its output projection; the result is [batch, sequence, heads · headSize].</summary>
    public string Write(int index, int layers, DecoderLayer layer, string x)
    {
        _layers = layers;
        (string key, string value) = ($"past_key_values.{index}.key", $"past_key_values.{index}.value");
        foreach (string past in new[] { key, value })
        {
            Graph.Input(Graph.Claim(past), Blocks.Activations, Cache("past_sequence_length"));
        }

        return Attend(index, layer, x, key, value, Graph.Claim($"present.{index}.key"), Graph.Claim($"present.{index}.value"));
    }

    /// <summary>What is added to scores, [batch, 1, queries, keys], for layers that see all and for those that see a window: a
    /// token sees those up to the one that <c>visible_until</c> names, or itself, and of them the last ones.</summary>
    /// <param name="queries">Places of the tokens, with a last dimension of 1.</param>
    /// <param name="keys">All places, [total].</param>
    /// <param name="present">Which places hold tokens, [batch, 1, 1, total]; null: all.</param>
    protected (string All, string? Window) WriteBias(string queries, string keys, string? present)
    {
        string last = queries;
        if (Shape.SeesWholeImages)
        {
            Graph.Input(Graph.Claim("visible_until"), DataType.Int64, ("batch_size", null), ("sequence_length", null));
            last = Blocks.Reshape("mask/until", "visible_until", 0, 1, -1, 1);
        }

        string seen = Graph.Node("LessOrEqual", Graph.Claim("mask/causal"), [keys, last]); // [batch or 1, 1, sequence, total]
        seen = present is null ? seen : Graph.Node("And", Graph.Claim("mask/seen"), [seen, present]);
        if (Shape.Window is not { } window)
        {
            return (Bias(seen), null);
        }

        string first = Graph.Node("Sub", Graph.Claim("mask/first"), [queries, Graph.Integers("mask/window", [window])]);
        return (Bias(seen), Bias(Graph.Node("And", Graph.Claim("mask/near"), [seen, Graph.Node("Less", Graph.Claim("mask/after"), [first, keys])])));

        string Bias(string shown) =>
            Graph.Node("Where", Graph.Claim("mask/bias"), [shown, Blocks.Constant("mask/shown", [0], 1), Blocks.Constant("mask/hidden", [Hidden], 1)]);
    }

    /// <summary>Declares the outputs that make one layer's longer cache.</summary>
    public void WriteOutputs(int index)
    {
        Graph.Output($"present.{index}.key", Blocks.Activations, Cache("total_sequence_length"));
        Graph.Output($"present.{index}.value", Blocks.Activations, Cache("total_sequence_length"));
    }

    protected abstract string Attend(int index, DecoderLayer layer, string x, string pastKey, string pastValue, string presentKey, string presentValue);

    protected string Project(int index, string name, Projection projection, string x) =>
        Blocks.Linear(name, projection, x, LinearRole.TextAttention, index, _layers);

    /// <summary>Queries, keys and values by one multiplication, [batch, sequence, (heads + 2 · keyValueHeads) · headSize].</summary>
    protected string ProjectTogether(int index, DecoderLayer layer, string x) =>
        Project(index, $"{layer.Name}.attention.qkv", Projection.Stack($"{layer.Name}.attention.qkv", layer.Query, layer.Key, layer.Value), x);

    /// <summary>Queries, keys and values apart, those with a norm over each head normalised; [batch, sequence, heads · headSize] each.</summary>
    protected (string Query, string Key, string Value) ProjectApart(int index, DecoderLayer layer, string x)
    {
        if (layer.QueryNorm is null && layer.KeyNorm is null)
        {
            string[] parts = [Graph.Claim($"{layer.Name}.attention.query"), Graph.Claim($"{layer.Name}.attention.key"), Graph.Claim($"{layer.Name}.attention.value")];
            int query = Shape.Heads * Shape.HeadSize, key = Shape.KeyValueHeads * Shape.HeadSize;
            string sizes = Graph.Integers($"{layer.Name}.attention.sizes", [query, key, key], 3);
            Graph.Node("Split", parts, [ProjectTogether(index, layer, x), sizes], OnnxAttribute.Integer("axis", -1));
            return (Grow(layer, parts[0]), parts[1], parts[2]);
        }

        string q = Project(index, $"{layer.Name}.attention.query", layer.Query, x);
        string k = Project(index, $"{layer.Name}.attention.key", layer.Key, x);
        return (
            Grow(layer, NormalizeHeads(layer.QueryNorm, q, Shape.Heads)),
            NormalizeHeads(layer.KeyNorm, k, Shape.KeyValueHeads),
            Project(index, $"{layer.Name}.attention.value", layer.Value, x));
    }

    /// <summary>Computes what queries are multiplied by, [batch, sequence, 1], where they grow; the graph has positions as an input.</summary>
    protected void WriteGrowth()
    {
        if (Shape.QueryGrowth is { } growth)
        {
            string times = Graph.Node("Div", Graph.Claim("growth/times"), ["position_ids", Graph.Integers("growth/positions", [growth.Positions])]); // rounded down, as none is negative
            string logarithm = Graph.Node("Log", Graph.Claim("growth/logarithm"), [Blocks.Add("growth/more", Blocks.Cast(times, Graph.Claim("growth/float32"), DataType.Float), Graph.Singles("growth/one", [1]))]);
            string factor = Blocks.Add("growth/factor", Blocks.Multiply("growth/slope", logarithm, Graph.Singles("growth/beta", [(float)growth.Beta])), Graph.Singles("growth/unit", [1]));
            string column = Graph.Node("Unsqueeze", Graph.Claim("growth"), [factor, Graph.Integers("growth/axis", [2], 1)]);
            _growth = Blocks.Activations == DataType.Float ? column : Blocks.Cast(column, Graph.Claim("growth/inside"), Blocks.Activations);
        }
    }

    private string Grow(DecoderLayer layer, string query) => _growth is null ? query : Blocks.Multiply($"{layer.Name}.attention.query/grown", query, _growth);

    private string NormalizeHeads(NormWeights? norm, string x, int heads)
    {
        if (norm is null)
        {
            return x;
        }

        string split = Blocks.Reshape($"{norm.Name}/heads", x, 0, 0, heads, Shape.HeadSize);
        return Blocks.Reshape($"{norm.Name}/joined", Blocks.Normalize(norm, split), 0, 0, heads * Shape.HeadSize);
    }

    private (string, int?)[] Cache(string length) =>
        [("batch_size", null), ("key_value_heads", Shape.KeyValueHeads), (length, null), ("head_size", Shape.HeadSize)];
}

/// <summary>Attention by ONNX Runtime's GroupQueryAttention (its docs/ContribOperators.md), which rotates by itself and may append
/// to the cache in place. A row's length is the sum of its mask, so padding stands on the right.</summary>
internal sealed class GroupedAttention(TransformerGraph blocks, DecoderShape shape) : DecoderAttention(blocks, shape)
{
    private RotaryRotation? _rotation, _windowRotation; // null: the operator turns by itself
    private string _lastPositions = "", _total = "", _cosines = "", _sines = "";
    private (string All, string? Window)? _biases; // null: the operator hides what comes later by itself

    /// <summary>Whether the operator can do it: its vectors are 8 numbers wide, 16 where it turns them.</summary>
    public static bool Takes(DecoderShape shape) => shape.HeadSize % (TurnsBefore(shape) ? 8 : 16) == 0;

    private static bool TurnsBefore(DecoderShape shape) => shape.RotarySections is not null || shape.Window is not null || shape.SeesWholeImages;

    public override void WriteInputs(string embeddings, string mask)
    {
        string lengths = Graph.Node("ReduceSum", Graph.Claim("mask/lengths"), [mask, Graph.Integers("mask/axis", [1], 1)], OnnxAttribute.Integer("keepdims", 0));
        string last = Graph.Node("Sub", Graph.Claim("mask/last"), [lengths, Graph.Integers("mask/one", [1], 1)]);
        _lastPositions = Blocks.Cast(last, Graph.Claim("mask/last/int32"), DataType.Int32);
        _total = Blocks.Cast(Blocks.SizeOf("mask/total", mask, 1), Graph.Claim("mask/total/int32"), DataType.Int32);
        if (!TurnsBefore(Shape))
        {
            (_cosines, _sines) = RotaryGraph.Write(Shape.Rotary, Graph, Blocks.Activations);
            if (Shape.QueryGrowth is not null)
            {
                Graph.Input(Graph.Claim("position_ids"), DataType.Int64, ("batch_size", null), ("sequence_length", null));
                WriteGrowth();
            }

            return;
        }

        (_rotation, _windowRotation) = RotaryRotation.ByPositions(Blocks, Shape);
        if (Shape.RotarySections is null)
        {
            // Rows are padded on the right, so that a token's position is its place.
            string total = Blocks.SizeOf("mask/keys/count", mask, 1);
            string keys = Graph.Node("Range", Graph.Claim("mask/keys"), [Graph.Integers("mask/zero", [0]), total, Graph.Integers("mask/step", [1])]);
            _biases = WriteBias(Blocks.Reshape("mask/queries", "position_ids", 0, 1, -1, 1), keys, present: null);
        }
    }

    protected override string Attend(int index, DecoderLayer layer, string x, string pastKey, string pastValue, string presentKey, string presentValue)
    {
        string name = $"{layer.Name}.attention", output = Graph.Claim(name);
        string[] caches = [pastKey, pastValue, _lastPositions, _total];
        AttributeProto[] heads =
        [
            OnnxAttribute.Integer("num_heads", Shape.Heads), OnnxAttribute.Integer("kv_num_heads", Shape.KeyValueHeads), OnnxAttribute.Number("scale", Shape.AttentionScale),
            .. Shape.AttentionCap is { } cap ? new[] { OnnxAttribute.Number("softcap", cap) } : [],
        ];
        if (_rotation is not null)
        {
            (string q, string k, string v) = ProjectApart(index, layer, x);
            RotaryRotation rotation = layer.SeesWindow ? _windowRotation ?? _rotation : _rotation;
            string[] inputs = [Turn(rotation, $"{name}.query", q, Shape.Heads), Turn(rotation, $"{name}.key", k, Shape.KeyValueHeads), v, .. caches];
            if (_biases is { } biases)
            {
                inputs = [.. inputs, "", "", "", layer.SeesWindow ? biases.Window! : biases.All];
                heads = [.. heads, OnnxAttribute.Integer("causal", 0)];
            }

            Graph.RuntimeNode("GroupQueryAttention", [output, presentKey, presentValue], inputs, heads);
            return output;
        }

        (string query, string key, string value) = layer.QueryNorm is null && layer.KeyNorm is null && Shape.QueryGrowth is null
            ? (ProjectTogether(index, layer, x), "", "")
            : ProjectApart(index, layer, x);
        Graph.RuntimeNode(
            "GroupQueryAttention", [output, presentKey, presentValue],
            [query, key, value, .. caches, _cosines, _sines], [.. heads, OnnxAttribute.Integer("do_rotary", 1)]);
        return output;
    }

    private string Turn(RotaryRotation rotation, string name, string x, int heads) =>
        Blocks.Reshape($"{name}/turned", rotation.Rotate(name, x, heads), 0, 0, heads * Shape.HeadSize);
}

/// <summary>Attention by multiplications and a softmax over a cache that grows. Positions are an input of the graph, and a token is
/// seen where the mask says so, so that rows may be padded on either side.</summary>
internal sealed class StandardAttention(TransformerGraph blocks, DecoderShape shape) : DecoderAttention(blocks, shape)
{
    private RotaryRotation? _rotation, _windowRotation;
    private string _bias = "", _windowBias = "";

    private int Groups => Shape.Heads / Shape.KeyValueHeads;

    public override void WriteInputs(string embeddings, string mask)
    {
        (_rotation, _windowRotation) = RotaryRotation.ByPositions(Blocks, Shape);
        WriteGrowth();
        string length = Blocks.SizeOf("mask/length", embeddings, 1), total = Blocks.SizeOf("mask/total", mask, 1);
        string zero = Graph.Integers("mask/zero", [0]), one = Graph.Integers("mask/one", [1]);
        string past = Graph.Node("Sub", Graph.Claim("mask/past"), [total, length]);
        string queries = Blocks.Reshape("mask/queries", Graph.Node("Range", Graph.Claim("mask/places"), [past, total, one]), -1, 1); // [sequence, 1]
        string keys = Graph.Node("Range", Graph.Claim("mask/keys"), [zero, total, one]);
        string present = Blocks.Cast(Blocks.Reshape("mask/rows", mask, 0, 1, 1, -1), Graph.Claim("mask/present"), DataType.Bool); // [batch, 1, 1, total]
        (string all, string? window) = WriteBias(queries, keys, present);
        (_bias, _windowBias) = (Grouped(all), window is null ? "" : Grouped(window));

        string Grouped(string bias) => Groups == 1 ? bias : Blocks.Concatenate("mask/groups", 2, [.. Enumerable.Repeat(bias, Groups)]); // [batch, 1, groups · sequence, total]
    }

    protected override string Attend(int index, DecoderLayer layer, string x, string pastKey, string pastValue, string presentKey, string presentValue)
    {
        string name = $"{layer.Name}.attention";
        (string query, string key, string value) = ProjectApart(index, layer, x);
        RotaryRotation rotation = (layer.SeesWindow ? _windowRotation : null) ?? _rotation!;
        query = ByHead($"{name}.query", rotation.Rotate($"{name}.query", query, Shape.Heads));
        key = ByHead($"{name}.key", rotation.Rotate($"{name}.key", key, Shape.KeyValueHeads));
        value = ByHead($"{name}.value", Blocks.Reshape($"{name}.value/heads", value, 0, 0, Shape.KeyValueHeads, Shape.HeadSize));
        Graph.Node("Concat", presentKey, [pastKey, key], OnnxAttribute.Integer("axis", 2));
        Graph.Node("Concat", presentValue, [pastValue, value], OnnxAttribute.Integer("axis", 2));

        // The queries that share a key stand one behind the other, so that keys need not be repeated: [batch, keyValueHeads, groups · sequence, headSize]
        string grouped = Blocks.Reshape($"{name}.query/groups", query, 0, Shape.KeyValueHeads, -1, Shape.HeadSize);
        string scores = Graph.RuntimeNode(
            "FusedMatMul", Graph.Claim($"{name}/scores"), [grouped, presentKey], OnnxAttribute.Integer("transB", 1), OnnxAttribute.Number("alpha", Shape.AttentionScale));
        scores = Shape.AttentionCap is { } cap ? Blocks.Bound($"{name}/bound", scores, cap) : scores;
        string weights = Graph.Node("Softmax", Graph.Claim($"{name}/weights"), [Blocks.Add($"{name}/masked", scores, layer.SeesWindow ? _windowBias : _bias)], OnnxAttribute.Integer("axis", -1));
        string mixed = Graph.Node("MatMul", Graph.Claim($"{name}/mixed"), [weights, presentValue]);
        string heads = Graph.Node("Reshape", Graph.Claim($"{name}/heads"), [mixed, Graph.Node("Shape", Graph.Claim($"{name}/shape"), [query])]);
        return Blocks.Reshape(name, Blocks.Transpose($"{name}/joined", heads, 0, 2, 1, 3), 0, 0, Shape.Heads * Shape.HeadSize);
    }

    private string ByHead(string name, string x) => Blocks.Transpose($"{name}/byHead", x, 0, 2, 1, 3);
}

using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>What the styles of a decoder's attention share: the cache's names and the projections.</summary>
internal abstract class DecoderAttention(TransformerGraph blocks, DecoderShape shape) : IDecoderAttention
{
    private int _layers;

    protected TransformerGraph Blocks { get; } = blocks;

    protected OnnxGraph Graph => Blocks.Graph;

    protected DecoderShape Shape { get; } = shape;

    /// <summary>The style's writer; heads of a size that GroupQueryAttention does not take are written with standard operators.</summary>
    public static IDecoderAttention Create(AttentionStyle style, TransformerGraph blocks, DecoderShape shape) =>
        style == AttentionStyle.Grouped && GroupedAttention.Takes(shape) ? new GroupedAttention(blocks, shape) : new StandardAttention(blocks, shape);

    public abstract void WriteInputs(string embeddings, string mask);

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

    public void WriteOutputs()
    {
        for (int i = 0; i < _layers; i++)
        {
            Graph.Output($"present.{i}.key", Blocks.Activations, Cache("total_sequence_length"));
            Graph.Output($"present.{i}.value", Blocks.Activations, Cache("total_sequence_length"));
        }
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
            return (parts[0], parts[1], parts[2]);
        }

        string q = Project(index, $"{layer.Name}.attention.query", layer.Query, x);
        string k = Project(index, $"{layer.Name}.attention.key", layer.Key, x);
        return (
            NormalizeHeads(layer.QueryNorm, q, Shape.Heads),
            NormalizeHeads(layer.KeyNorm, k, Shape.KeyValueHeads),
            Project(index, $"{layer.Name}.attention.value", layer.Value, x));
    }

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

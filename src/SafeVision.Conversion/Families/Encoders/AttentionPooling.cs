using System.Numerics.Tensors;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>
/// One learned query that attends to all tokens, and a feed-forward part behind it (transformers, modeling_siglip.py,
/// SiglipMultiheadAttentionPoolingHead). The query depends on no picture, so its projection is computed beforehand.
/// </summary>
internal sealed record AttentionPooling : ITokenPooling
{
    private const string Name = "pooling";

    public int Width => Output.Features;

    public required int Heads { get; init; }

    /// <summary>The query, projected.</summary>
    public required float[] Query { get; init; }

    public required Projection Key { get; init; }

    public required Projection Value { get; init; }

    public required Projection Output { get; init; }

    public required NormWeights Norm { get; init; }

    public required Projection Up { get; init; }

    public required Activation Activation { get; init; }

    public required Projection Down { get; init; }

    /// <summary>Reads it from a tower's tensors, which stand behind <c>head.</c>.</summary>
    public static AttentionPooling Read(EncoderSource source)
    {
        int width = source.Width;
        var inputs = new Projection(source.Matrix("head.attention.in_proj_weight", 3 * width, width), source.Vector("head.attention.in_proj_bias", 3 * width));
        return new AttentionPooling
        {
            Heads = source.Heads,
            Query = PlainTransformer.Linear(inputs.Slice("head.attention.query", 0, width), source.Vector("head.probe", width)),
            Key = inputs.Slice("head.attention.key", width, width),
            Value = inputs.Slice("head.attention.value", 2 * width, width),
            Output = source.Linear("head.attention.out_proj", width, width),
            Norm = source.Norm("head.layernorm"),
            Up = source.Linear("head.mlp.fc1", source.Intermediate, width),
            Activation = source.Activation,
            Down = source.Linear("head.mlp.fc2", width, source.Intermediate),
        };
    }

    public string Write(TransformerGraph blocks, string tokens)
    {
        OnnxGraph graph = blocks.Graph;
        string count = blocks.Reshape($"{Name}/count", blocks.SizeOf($"{Name}/batch", tokens, 0), 1);
        string shape = blocks.Concatenate($"{Name}/shape", 0, count, graph.Integers($"{Name}/sizes", [1, Width], 2));
        string query = graph.Node("Expand", graph.Claim($"{Name}/query"), [blocks.Constant($"{Name}.query", Query, 1, 1, Width), shape]); // [batch, 1, width]
        string key = Linear(blocks, "key", Key, tokens), value = Linear(blocks, "value", Value, tokens);
        string mixed = graph.RuntimeNode("MultiHeadAttention", graph.Claim($"{Name}/attention"), [query, key, value], OnnxAttribute.Integer("num_heads", Heads));
        string residual = Linear(blocks, "output", Output, mixed);
        string inner = blocks.Activate($"{Name}/activation", Activation, Linear(blocks, "up", Up, blocks.Normalize(Norm, residual)));
        return blocks.Reshape(Name, blocks.Add($"{Name}/sum", Linear(blocks, "down", Down, inner), residual), -1, Width);
    }

    public float[] Compute(float[] tokens, IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] mixed = PlainTransformer.Attend(
            Query, PlainTransformer.Linear(Key, tokens), PlainTransformer.Linear(Value, tokens), Heads, Heads, Width / Heads, (_, _) => true);
        float[] residual = PlainTransformer.Linear(Output, mixed), x = [.. residual];
        PlainTransformer.Normalize(Norm, x);
        float[] inner = PlainTransformer.Linear(Up, x);
        PlainTransformer.Activate(Activation, inner);
        TensorPrimitives.Add(residual, PlainTransformer.Linear(Down, inner), residual);
        return residual;
    }

    private static string Linear(TransformerGraph blocks, string part, Projection projection, string x) =>
        blocks.Linear($"{Name}.{part}", projection, x, LinearRole.Vision);
}

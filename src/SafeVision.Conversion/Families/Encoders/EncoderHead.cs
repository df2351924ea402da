namespace SafeVision.Conversion.Families.Encoders;

/// <summary>From tokens to one vector: pooled, perhaps normalised, perhaps projected.</summary>
internal sealed record EncoderHead
{
    public const string Logits = "logits";

    public required ITokenPooling Pooling { get; init; }

    /// <summary>Over the pooled vector; null: none.</summary>
    public NormWeights? Norm { get; init; }

    /// <summary>null: the vector is the result.</summary>
    public Projection? Projection { get; init; }

    /// <summary>The name of the output; <see cref="Logits"/> are followed by <c>probabilities</c>.</summary>
    public required string Output { get; init; }

    /// <summary>The patches' rows and columns where each place's share in the logits can be told, which takes a mean over all
    /// tokens and one projection; null: no.</summary>
    public (int Rows, int Columns)? Map { get; init; }

    public void Write(TransformerGraph blocks, string tokens)
    {
        string pooled = Pooling.Write(blocks, tokens);
        string normal = Norm is null ? pooled : blocks.Normalize(Norm, pooled);
        bool isClassifier = Output == Logits;
        string result = Projection is null ? normal : blocks.Linear("head", Projection, normal, isClassifier ? LinearRole.Head : LinearRole.Projector);
        blocks.FloatOutput(Output, result, ("batch_size", null), ("size", Projection?.Features ?? Pooling.Width));
        if (isClassifier)
        {
            blocks.Graph.Node("Softmax", blocks.Graph.Claim("probabilities"), [Output], OnnxAttribute.Integer("axis", -1));
            blocks.Graph.Output("probabilities", ("batch_size", null), ("size", Projection!.Features));
        }

        if (Map is { } map)
        {
            int width = Pooling.Width;
            string channels = blocks.Reshape("features/map", blocks.Transpose("features/channels", tokens, 0, 2, 1), 0, width, map.Rows, map.Columns);
            blocks.FloatOutput("features", channels, ("batch_size", null), ("width", width), ("rows", map.Rows), ("columns", map.Columns));
            blocks.Graph.NamedSingles(blocks.Graph.Claim("head_weights"), Projection!.Weight.ToArray(), Projection.Features, width);
            blocks.Graph.Output("head_weights", ("size", Projection.Features), ("width", width));
        }
    }

    public float[] Compute(float[] tokens, IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] pooled = Pooling.Compute(tokens, inputs);
        if (Norm is not null)
        {
            ReferenceTransformer.Normalize(Norm, pooled);
        }

        return Projection is null ? pooled : ReferenceTransformer.Linear(Projection, pooled);
    }
}

/// <summary>Makes one vector of the tokens of an item.</summary>
internal interface ITokenPooling
{
    int Width { get; }

    /// <summary>[items, tokens, width] → [items, width].</summary>
    string Write(TransformerGraph blocks, string tokens);

    /// <summary>The same as a reference, for one item, which is left as it is.</summary>
    float[] Compute(float[] tokens, IReadOnlyDictionary<string, VisionInput> inputs);
}

/// <summary>The token at one place.</summary>
/// <param name="IsLast">The last token; otherwise the first.</param>
internal sealed record PlacePooling(int Width, bool IsLast) : ITokenPooling
{
    public string Write(TransformerGraph blocks, string tokens) => blocks.Graph.Node(
        "Gather", blocks.Graph.Claim("pooled"), [tokens, blocks.Graph.Integers("pooled/place", [IsLast ? -1 : 0])], Onnx.OnnxAttribute.Integer("axis", 1));

    public float[] Compute(float[] tokens, IReadOnlyDictionary<string, VisionInput> inputs) => IsLast ? tokens[^Width..] : tokens[..Width];
}

/// <summary>The mean of all tokens.</summary>
internal sealed record MeanPooling(int Width) : ITokenPooling
{
    public string Write(TransformerGraph blocks, string tokens) => blocks.Graph.Node(
        "ReduceMean", blocks.Graph.Claim("pooled"), [tokens, blocks.Graph.Integers("pooled/axis", [1], 1)], OnnxAttribute.Integer("keepdims", 0));

    public float[] Compute(float[] tokens, IReadOnlyDictionary<string, VisionInput> inputs)
    {
        double[] sum = new double[Width];
        for (int i = 0; i < tokens.Length; i++)
        {
            sum[i % Width] += tokens[i];
        }

        int count = tokens.Length / Width;
        return [.. sum.Select(value => (float)(value / count))];
    }
}

/// <summary>The token at the first end of a text; without an end, the first token.</summary>
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

/// <summary>One learned query that attends to all tokens, and a feed-forward part behind it (transformers, modeling_siglip.py,
/// SiglipMultiheadAttentionPoolingHead). The query depends on no image, so its projection is computed beforehand.</summary>
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
            Query = ReferenceTransformer.Linear(inputs.Slice("head.attention.query", 0, width), source.Vector("head.probe", width)),
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
        float[] mixed = ReferenceTransformer.Attend(
            Query, ReferenceTransformer.Linear(Key, tokens), ReferenceTransformer.Linear(Value, tokens), Heads, Heads, Width / Heads, (_, _) => true);
        float[] residual = ReferenceTransformer.Linear(Output, mixed), x = [.. residual];
        ReferenceTransformer.Normalize(Norm, x);
        float[] inner = ReferenceTransformer.Linear(Up, x);
        ReferenceTransformer.Activate(Activation, inner);
        TensorPrimitives.Add(residual, ReferenceTransformer.Linear(Down, inner), residual);
        return residual;
    }

    private static string Linear(TransformerGraph blocks, string part, Projection projection, string x) =>
        blocks.Linear($"{Name}.{part}", projection, x, LinearRole.Vision);
}

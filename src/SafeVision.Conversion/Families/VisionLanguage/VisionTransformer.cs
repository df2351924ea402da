namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The layers of a vision tower, or of a text tower that is built like one.</summary>
/// <param name="Activation">Between a feed-forward part's projections.</param>
/// <param name="Layers">From the first to the last.</param>
/// <param name="Norm">Behind the last layer; null: none.</param>
internal sealed record VisionTransformer(int Width, int Heads, Activation Activation, IReadOnlyList<VisionLayer> Layers, NormWeights? Norm)
{
    /// <summary>Whether the tokens are of a text, whose layers bear rounding otherwise.</summary>
    public bool IsText { get; init; }

    /// <summary>Whether a token sees only those before it, and itself.</summary>
    public bool IsCausal { get; init; }

    /// <summary>Adds the layers; [items, tokens, width] in and out.</summary>
    /// <param name="rotation">Turns queries and keys by their places; null: they are not turned.</param>
    /// <param name="windows">What is added to the scores in layers that see a window, [1, 1, tokens, tokens]; null: there are none.</param>
    public string Write(TransformerGraph blocks, string x, RotaryRotation? rotation = null, string? windows = null)
    {
        blocks.Hidden.Add(x);
        string residual = x, h = Layers.Count == 0 ? x : blocks.Normalize(Layers[0].AttentionNorm, x);
        for (int i = 0; i < Layers.Count; i++)
        {
            VisionLayer layer = Layers[i];
            string output = Linear(blocks, $"{layer.Name}.attention.output", layer.Output, Attend(blocks, layer, h, i, rotation, layer.SeesWindow ? windows : null), LinearRole.TextAttention, i);
            (h, residual) = blocks.AddAndNormalize(layer.MlpNorm, output, residual);
            string up = Linear(blocks, $"{layer.Name}.mlp.up", layer.Up, h, LinearRole.TextMlp, i);
            string active = blocks.Activate(
                $"{layer.Name}.mlp.activation", Activation, layer.Gate is null ? up : Linear(blocks, $"{layer.Name}.mlp.gate", layer.Gate, h, LinearRole.TextMlp, i));
            string inner = layer.Gate is null ? active : blocks.Multiply($"{layer.Name}.mlp.gated", active, up);
            string down = Linear(blocks, $"{layer.Name}.mlp.down", layer.Down, inner, LinearRole.TextMlp, i);
            NormWeights? next = i + 1 < Layers.Count ? Layers[i + 1].AttentionNorm : Norm;
            (h, residual) = next is null ? ("", blocks.Add($"{layer.Name}.sum", down, residual)) : blocks.AddAndNormalize(next, down, residual);
            blocks.Hidden.Add(residual);
        }

        return blocks.Final = Norm is null ? residual : h;
    }

    private string Attend(TransformerGraph blocks, VisionLayer layer, string x, int depth, RotaryRotation? rotation, string? windows)
    {
        // The operator adds the three biases itself, but not before a norm or a turn.
        bool addsBias = rotation is null && layer.QueryNorm is null && layer.KeyNorm is null && (layer.Query.Bias ?? layer.Key.Bias ?? layer.Value.Bias) is not null;
        string name = $"{layer.Name}.attention", output = blocks.Graph.Claim(name);
        string query = Project("query", layer.Query, layer.QueryNorm), key = Project("key", layer.Key, layer.KeyNorm), value = Project("value", layer.Value, null);
        string bias = addsBias ? blocks.Constant($"{name}.bias", [.. Bias(layer.Query), .. Bias(layer.Key), .. Bias(layer.Value)]) : "";
        AttributeProto heads = OnnxAttribute.Integer("num_heads", Heads);
        string[] inputs = windows is not null ? [query, key, value, bias, "", windows] : addsBias ? [query, key, value, bias] : [query, key, value];
        return blocks.Graph.RuntimeNode(
            "MultiHeadAttention", output, inputs, IsCausal ? [heads, OnnxAttribute.Integer("unidirectional", 1)] : [heads]);

        string Project(string part, Projection projection, NormWeights? norm)
        {
            string projected = Linear(blocks, $"{name}.{part}", addsBias ? projection with { Bias = null } : projection, x, LinearRole.TextAttention, depth);
            string normalized = norm is null ? projected : blocks.Normalize(norm, projected);
            return rotation is null || part == "value"
                ? normalized
                : blocks.Reshape($"{name}.{part}/turned", rotation.Rotate($"{name}.{part}", normalized, Heads), 0, 0, Width);
        }
    }

    private string Linear(TransformerGraph blocks, string name, Projection projection, string x, LinearRole textRole, int depth) =>
        blocks.Linear(name, projection, x, IsText ? textRole : LinearRole.Vision, depth, Layers.Count);

    private static float[] Bias(Projection projection) => projection.Bias ?? new float[projection.Features];
}

/// <summary>The weights of one layer of a vision tower: norm, attention, norm, feed-forward (Dosovitskiy et al., arXiv 2010.11929).</summary>
internal sealed record VisionLayer
{
    /// <summary>The name in the checkpoint.</summary>
    public required string Name { get; init; }

    public required NormWeights AttentionNorm { get; init; }
    public required Projection Query { get; init; }
    public required Projection Key { get; init; }
    public required Projection Value { get; init; }

    /// <summary>Over all heads' queries together; null: none.</summary>
    public NormWeights? QueryNorm { get; init; }

    /// <summary>Over all heads' keys together; null: none.</summary>
    public NormWeights? KeyNorm { get; init; }

    /// <summary>A layer scale behind it is already in it.</summary>
    public required Projection Output { get; init; }

    public required NormWeights MlpNorm { get; init; }

    /// <summary>What the activation is of, to be multiplied with the other projection; null: the activation is of that one.</summary>
    public Projection? Gate { get; init; }

    public required Projection Up { get; init; }

    /// <summary>A layer scale behind it is already in it.</summary>
    public required Projection Down { get; init; }

    /// <summary>Whether a token sees only those of its own window; of towers that have windows.</summary>
    public bool SeesWindow { get; init; }
}

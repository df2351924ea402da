namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The language models that a vision-language family may hold, by their <c>model_type</c>; the only place that lists them.</summary>
internal static class TextDecoders
{
    private static readonly IReadOnlyDictionary<string, ITextFamily> s_families = new Dictionary<string, ITextFamily>(StringComparer.Ordinal)
    {
        ["llama"] = new LlamaText(QueryKeyValueBias: "attention_bias", OutputBias: "attention_bias", MlpBias: "mlp_bias"),
        ["internlm3"] = new LlamaText(QueryKeyValueBias: "qkv_bias", OutputBias: "bias", MlpBias: "bias"),
        ["mistral"] = new LlamaText(),
        ["ministral3"] = new LlamaText(),
        ["qwen2"] = new LlamaText(HasBias: true),
        ["qwen2_vl"] = new LlamaText(HasBias: true),
        ["qwen2_vl_text"] = new LlamaText(HasBias: true),
        ["qwen2_5_vl"] = new LlamaText(HasBias: true),
        ["qwen2_5_vl_text"] = new LlamaText(HasBias: true),
        ["qwen3_vl_text"] = new LlamaText(QueryKeyValueBias: "attention_bias", OutputBias: "attention_bias", HasHeadNorms: true),
        ["qwen3"] = new LlamaText(QueryKeyValueBias: "attention_bias", OutputBias: "attention_bias", HasHeadNorms: true),
        ["internlm2"] = new InternLM2Text(),
        ["phi3"] = new Phi3Text(),
        ["gemma3_text"] = new Gemma3Text(),
        ["qwen3_5_text"] = new Qwen35Text(),
    };

    /// <exception cref="CheckpointException">The kind is unknown, or something is missing or does not fit.</exception>
    public static TextDecoder Read(SafetensorsCheckpoint checkpoint, TextSettings settings)
    {
        return s_families.TryGetValue(settings.Type, out ITextFamily? family)
            ? family.Read(new TextSource(checkpoint, settings))
            : throw new CheckpointException($"{settings.Config.Where}: the language model '{settings.Type}' is not known; these are: {string.Join(", ", s_families.Keys.Order(StringComparer.Ordinal))}.");
    }
}

/// <summary>One kind of language model: how its weights are named and laid out.</summary>
internal interface ITextFamily
{
    /// <exception cref="CheckpointException">Something is missing or does not fit.</exception>
    TextDecoder Read(TextSource source);
}

/// <summary>Language models with the tensor names of Llama (Touvron et al., arXiv 2302.13971), which Qwen2 and Qwen3 took over.</summary>
/// <param name="HasBias">Whether queries, keys and values have a bias, whatever the configuration says.</param>
/// <param name="QueryKeyValueBias">The property that says so instead; null: none does.</param>
/// <param name="OutputBias">The property that says whether the output of the attention has a bias; null: it has none.</param>
/// <param name="MlpBias">The property that says whether the feed-forward parts have biases; null: they have none.</param>
/// <param name="HasHeadNorms">Whether each head's queries and keys are normalised.</param>
internal sealed record LlamaText(
    bool HasBias = false, string? QueryKeyValueBias = null, string? OutputBias = null, string? MlpBias = null, bool HasHeadNorms = false) : ITextFamily
{
    public TextDecoder Read(TextSource source)
    {
        bool Says(string? property) => property is not null && source.Config[property].Boolean() == true;
        bool hasBias = HasBias || Says(QueryKeyValueBias), outputBias = Says(OutputBias), mlpBias = Says(MlpBias);
        return source.Decoder((name, _) => ReadLayer(source, name, source.Norm, hasBias, outputBias, mlpBias, HasHeadNorms));
    }

    /// <summary>A layer in Llama's names.</summary>
    /// <param name="norm">Reads a norm of a name and a size.</param>
    /// <param name="hasBias">Whether queries, keys and values have a bias.</param>
    /// <param name="outputBias">Whether the output of the attention has one.</param>
    /// <param name="mlpBias">Whether the feed-forward parts have one.</param>
    /// <param name="hasHeadNorms">Whether each head's queries and keys are normalised.</param>
    public static DecoderLayer ReadLayer(
        TextSource source, string name, Func<string, int, NormWeights> norm, bool hasBias, bool outputBias, bool mlpBias, bool hasHeadNorms)
    {
        DecoderShape shape = source.Shape;
        int queries = shape.Heads * shape.HeadSize, keys = shape.KeyValueHeads * shape.HeadSize;
        string attention = $"{name}.self_attn";
        return new DecoderLayer
        {
            Name = name,
            AttentionNorm = norm($"{name}.input_layernorm", shape.Hidden),
            Query = source.Project($"{attention}.q_proj", queries, shape.Hidden, hasBias),
            Key = source.Project($"{attention}.k_proj", keys, shape.Hidden, hasBias),
            Value = source.Project($"{attention}.v_proj", keys, shape.Hidden, hasBias),
            QueryNorm = hasHeadNorms ? norm($"{attention}.q_norm", shape.HeadSize) : null,
            KeyNorm = hasHeadNorms ? norm($"{attention}.k_norm", shape.HeadSize) : null,
            Output = source.Project($"{attention}.o_proj", shape.Hidden, queries, outputBias),
            MlpNorm = norm($"{name}.post_attention_layernorm", shape.Hidden),
            Gate = source.Project($"{name}.mlp.gate_proj", shape.Intermediate, shape.Hidden, mlpBias),
            Up = source.Project($"{name}.mlp.up_proj", shape.Intermediate, shape.Hidden, mlpBias),
            Down = source.Project($"{name}.mlp.down_proj", shape.Hidden, shape.Intermediate, mlpBias),
        };
    }
}

/// <summary>InternLM2 (Cai et al., arXiv 2403.17297) in its own layout: queries, keys and values in one matrix whose rows stand in
/// groups, for each key head its queries, itself and its value.</summary>
internal sealed class InternLM2Text : ITextFamily
{
    public TextDecoder Read(TextSource source)
    {
        DecoderShape shape = source.Shape;
        bool hasBias = source.Config["bias"].Boolean(true); // the reference's default
        return source.Decoder(embedding: "tok_embeddings", read: (name, _) =>
        {
            Projection together = source.Project($"{name}.attention.wqkv", (shape.Heads + (2 * shape.KeyValueHeads)) * shape.HeadSize, shape.Hidden, hasBias);
            int shared = shape.Heads / shape.KeyValueHeads;
            return new DecoderLayer
            {
                Name = name,
                AttentionNorm = source.Norm($"{name}.attention_norm", shape.Hidden),
                Query = Gather(together, $"{name}.attention.query", shape, 0, shared),
                Key = Gather(together, $"{name}.attention.key", shape, shared, 1),
                Value = Gather(together, $"{name}.attention.value", shape, shared + 1, 1),
                Output = source.Project($"{name}.attention.wo", shape.Hidden, shape.Heads * shape.HeadSize, hasBias),
                MlpNorm = source.Norm($"{name}.ffn_norm", shape.Hidden),
                Gate = source.Project($"{name}.feed_forward.w1", shape.Intermediate, shape.Hidden, hasBias: false),
                Up = source.Project($"{name}.feed_forward.w3", shape.Intermediate, shape.Hidden, hasBias: false),
                Down = source.Project($"{name}.feed_forward.w2", shape.Hidden, shape.Intermediate, hasBias: false),
            };
        });
    }

    /// <summary>Some heads of every group, one group behind the other.</summary>
    private static Projection Gather(Projection together, string name, DecoderShape shape, int first, int heads)
    {
        int group = ((shape.Heads / shape.KeyValueHeads) + 2) * shape.HeadSize;
        return Projection.Stack(name, [.. Enumerable.Range(0, shape.KeyValueHeads).Select(i =>
            together.Slice(name, (i * group) + (first * shape.HeadSize), heads * shape.HeadSize))]);
    }
}

/// <summary>Phi-3 (Abdin et al., arXiv 2404.14219): Llama with queries, keys and values in one matrix, one behind the other, and
/// gate and up projection in another (transformers, modeling_phi3.py).</summary>
internal sealed class Phi3Text : ITextFamily
{
    public TextDecoder Read(TextSource source)
    {
        DecoderShape shape = source.Shape;
        int queries = shape.Heads * shape.HeadSize, keys = shape.KeyValueHeads * shape.HeadSize;
        return source.Decoder((name, _) =>
        {
            string attention = $"{name}.self_attn";
            Projection together = source.Project($"{attention}.qkv_proj", queries + (2 * keys), shape.Hidden, hasBias: false);
            Projection gated = source.Project($"{name}.mlp.gate_up_proj", 2 * shape.Intermediate, shape.Hidden, hasBias: false);
            return new DecoderLayer
            {
                Name = name,
                AttentionNorm = source.Norm($"{name}.input_layernorm", shape.Hidden),
                Query = together.Slice($"{attention}.query", 0, queries),
                Key = together.Slice($"{attention}.key", queries, keys),
                Value = together.Slice($"{attention}.value", queries + keys, keys),
                Output = source.Project($"{attention}.o_proj", shape.Hidden, queries, hasBias: false),
                MlpNorm = source.Norm($"{name}.post_attention_layernorm", shape.Hidden),
                Gate = gated.Slice($"{name}.mlp.gate", 0, shape.Intermediate),
                Up = gated.Slice($"{name}.mlp.up", shape.Intermediate, shape.Intermediate),
                Down = source.Project($"{name}.mlp.down_proj", shape.Hidden, shape.Intermediate, hasBias: false),
            };
        });
    }
}

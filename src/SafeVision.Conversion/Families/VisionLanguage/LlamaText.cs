using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

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
        source.RequireSilu();
        DecoderShape shape = source.Shape;
        bool Says(string? property) => property is not null && CheckpointJson.OptionalBoolean(source.Config, property, source.Where) == true;
        bool hasBias = HasBias || Says(QueryKeyValueBias), outputBias = Says(OutputBias), mlpBias = Says(MlpBias);
        var layers = new List<DecoderLayer>(source.Layers);
        for (int i = 0; i < source.Layers; i++)
        {
            string name = $"layers.{i}", attention = $"{name}.self_attn";
            int queries = shape.Heads * shape.HeadSize, keys = shape.KeyValueHeads * shape.HeadSize;
            layers.Add(new DecoderLayer
            {
                Name = name,
                AttentionNorm = source.Norm($"{name}.input_layernorm", shape.Hidden),
                Query = source.Project($"{attention}.q_proj", queries, shape.Hidden, hasBias),
                Key = source.Project($"{attention}.k_proj", keys, shape.Hidden, hasBias),
                Value = source.Project($"{attention}.v_proj", keys, shape.Hidden, hasBias),
                QueryNorm = HasHeadNorms ? source.Norm($"{attention}.q_norm", shape.HeadSize) : null,
                KeyNorm = HasHeadNorms ? source.Norm($"{attention}.k_norm", shape.HeadSize) : null,
                Output = source.Project($"{attention}.o_proj", shape.Hidden, queries, outputBias),
                MlpNorm = source.Norm($"{name}.post_attention_layernorm", shape.Hidden),
                Gate = source.Project($"{name}.mlp.gate_proj", shape.Intermediate, shape.Hidden, mlpBias),
                Up = source.Project($"{name}.mlp.up_proj", shape.Intermediate, shape.Hidden, mlpBias),
                Down = source.Project($"{name}.mlp.down_proj", shape.Hidden, shape.Intermediate, mlpBias),
            });
        }

        WeightMatrix embedding = source.Table("embed_tokens");
        return new TextDecoder(shape, embedding, layers, source.Norm("norm", shape.Hidden), source.Head("lm_head", embedding));
    }
}

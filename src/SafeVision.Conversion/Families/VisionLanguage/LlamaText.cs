using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Language models with the tensor names of Llama (Touvron et al., arXiv 2302.13971), which Qwen2 and Qwen3 took over.</summary>
/// <param name="HasQueryKeyValueBias">Whether queries, keys and values have a bias.</param>
/// <param name="AttentionBias">The property that says so instead; null: none does.</param>
/// <param name="HasHeadNorms">Whether each head's queries and keys are normalised.</param>
internal sealed record LlamaText(bool HasQueryKeyValueBias = false, string? AttentionBias = null, bool HasHeadNorms = false) : ITextFamily
{
    public TextDecoder Read(TextSource source)
    {
        source.RequireSilu();
        DecoderShape shape = source.Shape;
        bool attentionBias = AttentionBias is not null && CheckpointJson.OptionalBoolean(source.Config, AttentionBias, source.Where) == true;
        bool outputBias = attentionBias && AttentionBias == "attention_bias";
        bool mlpBias = CheckpointJson.OptionalBoolean(source.Config, "mlp_bias", source.Where) == true;
        var layers = new List<DecoderLayer>(source.Layers);
        for (int i = 0; i < source.Layers; i++)
        {
            string name = $"layers.{i}", attention = $"{name}.self_attn";
            int queries = shape.Heads * shape.HeadSize, keys = shape.KeyValueHeads * shape.HeadSize;
            bool hasBias = HasQueryKeyValueBias || attentionBias;
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

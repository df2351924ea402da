using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Phi-3 (Abdin et al., arXiv 2404.14219): Llama with queries, keys and values in one matrix, one behind the other, and gate
/// and up projection in another (transformers, modeling_phi3.py).
/// </summary>
internal sealed class Phi3Text : ITextFamily
{
    public TextDecoder Read(TextSource source)
    {
        source.RequireSilu();
        DecoderShape shape = source.Shape;
        int queries = shape.Heads * shape.HeadSize, keys = shape.KeyValueHeads * shape.HeadSize;
        var layers = new List<DecoderLayer>(source.Layers);
        for (int i = 0; i < source.Layers; i++)
        {
            string name = $"layers.{i}", attention = $"{name}.self_attn";
            Projection together = source.Project($"{attention}.qkv_proj", queries + (2 * keys), shape.Hidden, hasBias: false);
            Projection gated = source.Project($"{name}.mlp.gate_up_proj", 2 * shape.Intermediate, shape.Hidden, hasBias: false);
            layers.Add(new DecoderLayer
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
            });
        }

        WeightMatrix embedding = source.Table("embed_tokens");
        return new TextDecoder(shape, embedding, layers, source.Norm("norm", shape.Hidden), source.Head("lm_head", embedding));
    }
}

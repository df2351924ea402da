namespace SafeVision.Benchmarks.Checkpoints;

/// <summary>The language model's tensors, which Llama and Qwen2 name alike.</summary>
internal static class LlamaTensors
{
    /// <param name="shape">The sizes.</param>
    /// <param name="prefix">What stands before every name but the head's.</param>
    /// <param name="head">The name of the head, which a model has whose embeddings are not its head too.</param>
    /// <param name="biases">Whether query, key and value have biases, as Qwen2's do.</param>
    public static IEnumerable<RandomTensor> Of(TextShape shape, string prefix, string head, bool biases)
    {
        yield return RandomTensor.Weight($"{prefix}embed_tokens.weight", shape.Vocabulary, shape.Width);
        for (int i = 0; i < shape.Layers; i++)
        {
            string layer = $"{prefix}layers.{i}.";
            (string Name, int Size)[] parts = [("q", shape.Width), ("k", shape.KeyValueWidth), ("v", shape.KeyValueWidth)];
            foreach ((string name, int size) in parts)
            {
                yield return RandomTensor.Weight($"{layer}self_attn.{name}_proj.weight", size, shape.Width);
                if (biases)
                {
                    yield return RandomTensor.Weight($"{layer}self_attn.{name}_proj.bias", size);
                }
            }

            yield return RandomTensor.Weight($"{layer}self_attn.o_proj.weight", shape.Width, shape.Width);
            yield return RandomTensor.Weight($"{layer}mlp.gate_proj.weight", shape.FeedForward, shape.Width);
            yield return RandomTensor.Weight($"{layer}mlp.up_proj.weight", shape.FeedForward, shape.Width);
            yield return RandomTensor.Weight($"{layer}mlp.down_proj.weight", shape.Width, shape.FeedForward);
            yield return RandomTensor.Gain($"{layer}input_layernorm.weight", shape.Width);
            yield return RandomTensor.Gain($"{layer}post_attention_layernorm.weight", shape.Width);
        }

        yield return RandomTensor.Gain($"{prefix}norm.weight", shape.Width);
        if (!shape.IsTied)
        {
            yield return RandomTensor.Weight($"{head}.weight", shape.Vocabulary, shape.Width);
        }
    }
}

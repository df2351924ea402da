namespace SafeVision.Training.Networks;

/// <summary>The sizes of a Llama-shaped text model.</summary>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Heads of the queries.</param>
/// <param name="KeyValueHeads">Heads of the keys and values; <paramref name="Heads"/> is a multiple.</param>
/// <param name="HeadSize">Width of one head.</param>
/// <param name="Epsilon">Of the norms.</param>
/// <param name="Rotary">The angles of positions.</param>
/// <param name="IsTied">Whether the embedding is the head too.</param>
public sealed record TextDecoderShape(int Layers, int Heads, int KeyValueHeads, int HeadSize, double Epsilon, RotaryTable Rotary, bool IsTied)
{
    /// <summary>How many frequencies turn by time, by row and by column (Qwen2.5-VL); empty: all by one position.</summary>
    public IReadOnlyList<int> Sections { get; init; } = [];
}

/// <summary>A decoder as Llama, Qwen2 (biases) and Qwen3 (norms of queries and keys) have it; the checkpoint's tensors say which
/// (transformers, models/llama, qwen2 and qwen3).</summary>
internal sealed class TextDecoder(NetworkWeights weights, TextDecoderShape shape, string prefix)
{
    public TextDecoderShape Shape => shape;

    public int Width => (int)weights[$"{prefix}embed_tokens.weight"].shape[1];

    public int Vocabulary => (int)weights[$"{prefix}embed_tokens.weight"].shape[0];

    public int Inner => (int)weights[$"{prefix}layers.0.mlp.gate_proj.weight"].shape[0];

    /// <summary>[batch, tokens] to [batch, tokens, width].</summary>
    public Tensor Embed(Tensor ids) =>
        weights.Table($"{prefix}embed_tokens").index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], -1).to(ScalarType.Float32);

    /// <summary>The last layer's output after its norm.</summary>
    /// <param name="tape">Recomputes each layer when gradients are wanted, in place of keeping what is in it; null: keeps it.</param>
    /// <param name="hidden">[batch, tokens, width].</param>
    /// <param name="positions">[batch, tokens].</param>
    /// <param name="mask">[batch, 1, tokens, tokens]: 0 where a token may be attended to, a large negative number elsewhere.</param>
    public Tensor Forward(Tensor hidden, Tensor positions, Tensor mask, GradientTape? tape = null)
    {
        (Tensor cosine, Tensor sine) = Rotation(positions);
        mask = mask.to(hidden.device.type == TorchSharp.DeviceType.CPU ? ScalarType.Float32 : weights.Products); // processors attend in bfloat16 more slowly
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            string name = $"{prefix}layers.{layer}.";
            hidden = GradientTape.Through(tape, hidden, input => Layer(input, name));
        }

        return Norm(hidden, $"{prefix}norm");

        Tensor Layer(Tensor hidden, string name)
        {
            hidden = hidden.Plus(Attention(Norm(hidden, $"{name}input_layernorm"), $"{name}self_attn.", cosine, sine, mask));
            return hidden.Plus(weights.Gated(Norm(hidden, $"{name}post_attention_layernorm"), $"{name}mlp"));
        }
    }

    /// <summary>[…, width] to […, vocabulary].</summary>
    public Tensor Logits(Tensor hidden) =>
        nn.functional.linear(hidden.to(weights.Products), weights.Table(shape.IsTied || weights.Find("lm_head.weight") is null ? $"{prefix}embed_tokens" : "lm_head").to(weights.Products)).to(ScalarType.Float32);

    /// <summary>What may be attended to: earlier tokens of the same segment, and of the row's shared beginning.</summary>
    /// <param name="attention">[batch, tokens]: see <see cref="TokenBatch.Attention"/>.</param>
    public static Tensor Mask(Tensor attention)
    {
        long tokens = attention.shape[1];
        Tensor allowed = ones(tokens, tokens, dtype: ScalarType.Bool, device: attention.device).tril().unsqueeze(0)
            & (attention.unsqueeze(1).eq(attention.unsqueeze(2)) | attention.Is(TokenBatch.SharedSegment).unsqueeze(1))
            & attention.IsNot(0).unsqueeze(1); // [batch, tokens, tokens]
        return zeros(allowed.shape, device: attention.device).Filled(allowed.logical_not(), -1e30f).unsqueeze(1);
    }

    private Tensor Attention(Tensor input, string name, Tensor cosine, Tensor sine, Tensor mask)
    {
        long batch = input.shape[0], tokens = input.shape[1];
        Tensor query = Heads(weights.Linear(input, $"{name}q_proj"), shape.Heads), key = Heads(weights.Linear(input, $"{name}k_proj"), shape.KeyValueHeads);
        Tensor value = Heads(weights.Linear(input, $"{name}v_proj"), shape.KeyValueHeads); // [batch, heads, tokens, headSize]
        if (weights.Find($"{name}q_norm.weight") is not null)
        {
            (query, key) = (Norm(query, $"{name}q_norm"), Norm(key, $"{name}k_norm"));
        }

        (query, key, value) = (query.Turned(cosine, sine).to(mask.dtype), key.Turned(cosine, sine).to(mask.dtype), value.to(mask.dtype));
        int repeats = shape.Heads / shape.KeyValueHeads;
        if (repeats > 1)
        {
            (key, value) = (key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1));
        }

        Tensor mixed = nn.functional.scaled_dot_product_attention(query, key, value, mask);
        return weights.Linear(mixed.transpose(1, 2).reshape(batch, tokens, shape.Heads * shape.HeadSize), $"{name}o_proj");

        Tensor Heads(Tensor x, int heads) => x.view(batch, tokens, heads, shape.HeadSize).transpose(1, 2);
    }

    private (Tensor Cosine, Tensor Sine) Rotation(Tensor positions)
    {
        Tensor rates = tensor(shape.Rotary.Frequencies.ToArray(), device: positions.device);
        Tensor angles = positions.to(ScalarType.Float32).unsqueeze(-1) * rates; // [batch, tokens, headSize / 2], or [3, batch, tokens, headSize / 2]
        if (positions.dim() == 3)
        {
            int first = 0;
            angles = cat([.. shape.Sections.Select((count, row) => angles[row].narrow(-1, (first += count) - count, count))], -1);
        }

        angles = cat([angles, angles], -1).unsqueeze(1); // [batch, 1, tokens, headSize]
        return (angles.cos().Times(shape.Rotary.Magnitude), angles.sin().Times(shape.Rotary.Magnitude));
    }

    private Tensor Norm(Tensor x, string name) => x.RootMeanSquareNormed(shape.Epsilon) * weights[$"{name}.weight"];
}

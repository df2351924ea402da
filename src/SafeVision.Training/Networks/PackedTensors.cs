namespace SafeVision.Training.Networks;

/// <summary>Queries, keys and values that a checkpoint keeps in one matrix: those of InternVL's tower as its authors publish it,
/// one behind the other, and those of InternLM2, where each head of the keys stands behind its queries and before its
/// value.</summary>
/// <param name="Queries">Heads of the queries in each group.</param>
internal sealed record PackedTensors(int Groups, int Queries)
{
    private const string Text = "model.language_model.";

    // InternLM2's own names, which it has in no other layout.
    private static readonly (string Stored, string Name)[] s_text =
    [
        ("tok_embeddings.", "embed_tokens."), (".attention.wo.", ".self_attn.o_proj."), (".attention.wqkv.", ".self_attn.wqkv."), (".feed_forward.w1.", ".mlp.gate_proj."), (".feed_forward.w3.", ".mlp.up_proj."),
        (".feed_forward.w2.", ".mlp.down_proj."), (".attention_norm.", ".input_layernorm."), (".ffn_norm.", ".post_attention_layernorm."),
    ];

    private static readonly string[] s_parts = ["q", "k", "v"];

    /// <summary>The names of what a tensor holds, one or those of queries, keys and values, from its name in the family's spelling.</summary>
    public static string[] NamesOf(string name)
    {
        foreach ((string part, string own) in name.StartsWith(Text, StringComparison.Ordinal) ? s_text : [])
        {
            if (name.Contains(part, StringComparison.Ordinal))
            {
                name = name.Replace(part, own, StringComparison.Ordinal);
                break;
            }
        }

        string? packed = name.Contains("vision_tower", StringComparison.Ordinal) ? ".attention.qkv." : ".self_attn.wqkv.";
        return !name.Contains(packed, StringComparison.Ordinal) ? [name]
            : [.. s_parts.Select(letter => name.Replace(packed, $"{packed[..(packed.IndexOf('.', 1) + 1)]}{letter}_proj.", StringComparison.Ordinal))];
    }

    /// <summary>Queries, keys and values of one stored tensor.</summary>
    public Tensor[] Unpack(string name, Tensor packed)
    {
        (int groups, int queries) = Dealt(name);
        long size = packed.shape[0] / (groups * (queries + 2));
        Tensor dealt = packed.view([groups, queries + 2, size, .. packed.shape[1..]]);
        return [.. new (int First, int Count)[] { (0, queries), (queries, 1), (queries + 1, 1) }.Select(part => dealt.narrow(1, part.First, part.Count).flatten(0, 2).contiguous().clone())];
    }

    /// <summary>The stored tensor of queries, keys and values.</summary>
    public Tensor Pack(string name, Tensor[] parts)
    {
        (int groups, int queries) = Dealt(name);
        long size = parts[1].shape[0] / groups;
        return cat([.. parts.Select((part, i) => part.view([groups, i == 0 ? queries : 1, size, .. part.shape[1..]]))], 1).flatten(0, 2);
    }

    private (int Groups, int Queries) Dealt(string name) => name.Contains("vision_tower", StringComparison.Ordinal) ? (1, 1) : (Groups, Queries);
}

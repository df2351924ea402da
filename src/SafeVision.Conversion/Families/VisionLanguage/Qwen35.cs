namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Qwen3.5 (transformers, modeling_qwen3_5.py): the tower of Qwen3-VL, and a language model that remembers.</summary>
internal sealed class Qwen35() : FamilyNetwork("qwen3_5")
{
    protected override IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text) =>
        Qwen3VL.ReadVision(new QwenTower(checkpoint, vision, text.Shape.Hidden), text);
}

/// <summary>Qwen3.5's language model: layers with a gated delta memory, and in between some that attend, with a gate over what they
/// yield and a quarter of each head turned. Norms are stored as what they differ from 1, but for that of the memories.</summary>
internal sealed class Qwen35Text : ITextFamily
{
    public TextDecoder Read(TextSource source)
    {
        DecoderShape shape = source.Shape;
        MemorySettings memory = source.Settings.Memory ?? throw new CheckpointException($"{source.Where}: nothing says which layers remember and which attend.");
        if (!source.Config["attn_output_gate"].Boolean(true))
        {
            throw source.Config["attn_output_gate"].Wrong("true: this family's attention has a gate");
        }

        bool hasBias = source.Config["attention_bias"].Boolean(false);
        return source.Decoder(hasOffsetNorm: true, read: (name, i) =>
        {
            Mixer mixer = memory.Layers[i] ? ReadMemory(source, memory, $"{name}.linear_attn") : ReadAttention(source, shape, $"{name}.self_attn", hasBias);
            return new DecoderLayer
            {
                Name = name,
                AttentionNorm = source.OffsetNorm($"{name}.input_layernorm", shape.Hidden),
                Query = mixer.Query,
                Key = mixer.Key,
                Value = mixer.Value,
                QueryNorm = mixer.QueryNorm,
                KeyNorm = mixer.KeyNorm,
                AttentionGate = mixer.Gate,
                Memory = mixer.Memory,
                Output = mixer.Output,
                MlpNorm = source.OffsetNorm($"{name}.post_attention_layernorm", shape.Hidden),
                Gate = source.Project($"{name}.mlp.gate_proj", shape.Intermediate, shape.Hidden, hasBias: false),
                Up = source.Project($"{name}.mlp.up_proj", shape.Intermediate, shape.Hidden, hasBias: false),
                Down = source.Project($"{name}.mlp.down_proj", shape.Hidden, shape.Intermediate, hasBias: false),
            };
        });
    }

    private static Mixer ReadAttention(TextSource source, DecoderShape shape, string name, bool hasBias)
    {
        int size = shape.HeadSize, queries = shape.Heads * size, keys = shape.KeyValueHeads * size;
        Projection together = source.Project($"{name}.q_proj", 2 * queries, shape.Hidden, hasBias); // of each head its query, then its gate
        return new Mixer(
            Half("query", 0), source.Project($"{name}.k_proj", keys, shape.Hidden, hasBias), source.Project($"{name}.v_proj", keys, shape.Hidden, hasBias),
            source.Project($"{name}.o_proj", shape.Hidden, queries, hasBias))
        {
            Gate = Half("gate", 1),
            QueryNorm = source.OffsetNorm($"{name}.q_norm", size),
            KeyNorm = source.OffsetNorm($"{name}.k_norm", size),
        };

        Projection Half(string part, int half) => Projection.Stack(
            $"{name}.{part}", [.. Enumerable.Range(0, shape.Heads).Select(head => together.Slice($"{name}.{part}", ((2 * head) + half) * size, size))]);
    }

    private static Mixer ReadMemory(TextSource source, MemorySettings memory, string name)
    {
        (int keyHeads, int valueHeads, int keySize, int valueSize, int hidden) = (memory.KeyHeads, memory.ValueHeads, memory.KeySize, memory.ValueSize, source.Shape.Hidden);
        int keys = keyHeads * keySize, values = valueHeads * valueSize, channels = (2 * keys) + values;
        Projection together = source.Project($"{name}.in_proj_qkv", channels, hidden, hasBias: false);
        return new Mixer(
            together.Slice($"{name}.query", 0, keys), together.Slice($"{name}.key", keys, keys), together.Slice($"{name}.value", 2 * keys, values),
            source.Project($"{name}.out_proj", hidden, values, hasBias: false))
        {
            Memory = new DeltaMemory
            {
                KeyHeads = keyHeads,
                ValueHeads = valueHeads,
                KeySize = keySize,
                ValueSize = valueSize,
                Taps = memory.Taps,
                Kernel = source.Numbers($"{name}.conv1d.weight", channels, 1, memory.Taps),
                Rates = Projection.Stack(
                    $"{name}.rates", source.Project($"{name}.in_proj_a", valueHeads, hidden, hasBias: false), source.Project($"{name}.in_proj_b", valueHeads, hidden, hasBias: false)),
                FadeBias = source.Numbers($"{name}.dt_bias", valueHeads),
                FadeScale = [.. source.Numbers($"{name}.A_log", valueHeads).Select(number => -MathF.Exp(number))],
                Norm = source.Norm($"{name}.norm", valueSize),
                Gate = source.Project($"{name}.in_proj_z", values, hidden, hasBias: false),
            },
        };
    }

    /// <summary>What a layer does with tokens before and after it: attends or remembers.</summary>
    private sealed record Mixer(Projection Query, Projection Key, Projection Value, Projection Output)
    {
        public Projection? Gate { get; init; }
        public NormWeights? QueryNorm { get; init; }
        public NormWeights? KeyNorm { get; init; }
        public DeltaMemory? Memory { get; init; }
    }
}

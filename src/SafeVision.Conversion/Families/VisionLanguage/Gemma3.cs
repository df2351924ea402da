using System.Runtime.InteropServices;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.Encoders;
using SafeVision.Conversion.Preparation;
using SafeVision.Files;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Gemma 3 (Gemma Team, arXiv 2503.19786; transformers, modeling_gemma3.py) and ShieldGemma 2 (Zeng et al., arXiv
/// 2504.01081), which is the same model: a SigLIP tower, its patches pooled and projected, and a language model in most of
/// whose layers a token sees a window and the tokens of an image each other.
/// </summary>
internal sealed class Gemma3 : IVisionLanguageFamily
{
    public string Name => "gemma3";

    public bool Recognizes(string folder) => CheckpointFile.ConfigText(folder, "model_type") is "gemma3" or "shieldgemma2";

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => VisionLanguageModel.Read(folder, adapter, (checkpoint, config) =>
    {
        // Published, loaded and saved, or built and saved: each puts other names before the same ends.
        string body = TensorPrefix.Find(checkpoint, "embed_tokens.weight");
        string head = checkpoint.Tensors.Keys.FirstOrDefault(name => name.EndsWith("lm_head.weight", StringComparison.Ordinal))?[..^"lm_head.weight".Length] ?? "";
        TextDecoder text = TextDecoders.Read(checkpoint, config["text_config"].Object(), new TextNames(body, head), config["tie_word_embeddings"].Boolean());
        return (ReadVision(checkpoint, config, text.Shape.Hidden), text);
    });

    // What the configuration leaves out is what transformers' SiglipVisionConfig and Gemma3Config have.
    private static GemmaVit ReadVision(SafetensorsCheckpoint checkpoint, JsonValue config, int hidden)
    {
        string prefix = TensorPrefix.Find(checkpoint, "embeddings.patch_embedding.weight"), projector = TensorPrefix.Find(checkpoint, "mm_input_projection_weight");
        var source = new EncoderSource(checkpoint, prefix, config["vision_config"].Object(), SiglipTower.Vision);
        PatchTokens patches = SiglipTower.ReadPatches(source);
        JsonValue setting = config["mm_tokens_per_image"];
        int tokens = setting.Integer(1, 1 << 14, 256), side = (int)Math.Sqrt(tokens);
        if (side * side != tokens || patches.Rows != patches.Columns || patches.Rows % side != 0)
        {
            throw setting.Wrong($"a number to which {patches.Rows} by {patches.Columns} patches can be pooled in a square");
        }

        return new GemmaVit
        {
            Embedding = patches,
            Layers = source.Tower(i => SiglipTower.ReadLayer(source, i) with { Name = $"{prefix}encoder.layers.{i}" }, source.Norm("post_layernorm")),
            Side = side,
            Norm = NormWeights.RmsOffset(checkpoint, $"{projector}mm_soft_emb_norm", source.Width, source.Epsilon),
            Connector = Transpose(checkpoint.Get($"{projector}mm_input_projection_weight", source.Width, hidden)),
        };
    }

    /// <summary>A matrix that is stored as [in, out].</summary>
    private static Projection Transpose(StoredTensor stored)
    {
        (int input, int output) = (stored.Shape[0], stored.Shape[1]);
        float[] given = stored.ToSingle(), turned = new float[given.Length];
        for (int i = 0; i < given.Length; i++)
        {
            turned[(i % output * input) + (i / output)] = given[i];
        }

        return new Projection(WeightMatrix.From(new StoredTensor(stored.Name, [output, input], TensorElement.Float32, MemoryMarshal.AsBytes<float>(turned).ToArray())), null);
    }
}

/// <summary>
/// Gemma 3's language model: norms before and behind each part, one over each head's queries and keys, all stored as what they
/// differ from 1; windows in all but every sixth layer, whose angles have another base.
/// </summary>
internal sealed class Gemma3Text : ITextFamily
{
    private const int LargestSize = 1 << 17;

    public TextDecoder Read(TextSource source)
    {
        JsonValue config = source.Config;
        if (config["use_bidirectional_attention"].Boolean(false))
        {
            throw config["use_bidirectional_attention"].Wrong("false: a model that reads a text both ways encodes texts and writes none");
        }

        DecoderShape shape = source.Shape = ReadShape(source);
        bool hasBias = config["attention_bias"].Boolean(false);
        int queries = shape.Heads * shape.HeadSize, keys = shape.KeyValueHeads * shape.HeadSize;
        bool[] windows = ReadWindows(source);
        var layers = new List<DecoderLayer>(source.Layers);
        for (int i = 0; i < source.Layers; i++)
        {
            string name = $"layers.{i}", attention = $"{name}.self_attn";
            layers.Add(new DecoderLayer
            {
                Name = name,
                SeesWindow = windows[i],
                AttentionNorm = source.OffsetNorm($"{name}.input_layernorm", shape.Hidden),
                Query = source.Project($"{attention}.q_proj", queries, shape.Hidden, hasBias),
                Key = source.Project($"{attention}.k_proj", keys, shape.Hidden, hasBias),
                Value = source.Project($"{attention}.v_proj", keys, shape.Hidden, hasBias),
                QueryNorm = source.OffsetNorm($"{attention}.q_norm", shape.HeadSize),
                KeyNorm = source.OffsetNorm($"{attention}.k_norm", shape.HeadSize),
                Output = source.Project($"{attention}.o_proj", shape.Hidden, queries, hasBias),
                OutputNorm = source.OffsetNorm($"{name}.post_attention_layernorm", shape.Hidden),
                MlpNorm = source.OffsetNorm($"{name}.pre_feedforward_layernorm", shape.Hidden),
                Gate = source.Project($"{name}.mlp.gate_proj", shape.Intermediate, shape.Hidden, hasBias: false),
                Up = source.Project($"{name}.mlp.up_proj", shape.Intermediate, shape.Hidden, hasBias: false),
                Down = source.Project($"{name}.mlp.down_proj", shape.Hidden, shape.Intermediate, hasBias: false),
                DownNorm = source.OffsetNorm($"{name}.post_feedforward_layernorm", shape.Hidden),
            });
        }

        // A head that is there although the two are tied is a copy: transformers does not load it.
        WeightMatrix embedding = source.Table("embed_tokens");
        bool isTied = config["tie_word_embeddings"].Boolean() ?? source.IsTied ?? true;
        return new TextDecoder(shape, embedding, layers, source.OffsetNorm("norm", shape.Hidden), isTied ? new Projection(embedding, null) : source.Head("lm_head", embedding));
    }

    /// <summary>Which layers see a window: as <c>layer_types</c> says, else all but every so many-th.</summary>
    private static bool[] ReadWindows(TextSource source)
    {
        JsonValue types = source.Config["layer_types"];
        if (!types.Exists)
        {
            int pattern = source.Config["sliding_window_pattern"].Integer(1, 512, 6);
            return [.. Enumerable.Range(1, source.Layers).Select(layer => layer % pattern != 0)];
        }

        bool[] windows = [.. types.Items(source.Layers).Select(type => type.Text() switch
        {
            "sliding_attention" => true,
            "full_attention" => false,
            _ => throw type.Wrong("sliding_attention or full_attention"),
        })];
        return windows.Length == source.Layers ? windows : throw types.Wrong($"a kind for each of the {source.Layers} layers");
    }

    // What the configuration leaves out, and published ones leave out much, is what transformers' Gemma3TextConfig has.
    private static DecoderShape ReadShape(TextSource source)
    {
        JsonValue config = source.Config, parameters = config["rope_parameters"].Object(mayBeMissing: true);
        int hidden = config["hidden_size"].Integer(1, LargestSize, 2304), heads = config["num_attention_heads"].Integer(1, 1024, 8);
        int keyValueHeads = config["num_key_value_heads"].Integer(1, 1024, 4), headSize = config["head_dim"].Integer(2, 1024, 256);
        if (heads % keyValueHeads != 0 || headSize % 2 != 0)
        {
            throw new CheckpointException($"{source.Where}: {heads} heads of {headSize} numbers can't share {keyValueHeads} keys and values; they must share evenly, and the size be even.");
        }

        return new DecoderShape
        {
            Hidden = hidden,
            Intermediate = config["intermediate_size"].Integer(1, LargestSize * 8, 9216),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            Vocabulary = source.Vocabulary(262_208),
            Rotary = Angles("full_attention", config["rope_scaling"], "rope_theta", 1_000_000),
            WindowRotary = Angles("sliding_attention", parameters["sliding_attention"], "rope_local_base_freq", 10_000),
            Window = config["sliding_window"].Integer(1, int.MaxValue, 4096),
            SeesWholeImages = true,
            AttentionScale = 1 / Math.Sqrt(Positive("query_pre_attn_scalar") ?? 256),
            AttentionCap = Positive("attn_logit_softcapping"),
            LogitCap = Positive("final_logit_softcapping"),
            EmbeddingScale = (float)Math.Sqrt(hidden),
            Activation = Activations.Parse(config.Any("hidden_activation", "hidden_act").Text("gelu_pytorch_tanh"), source.Where),
        };

        RotaryTable Angles(string kind, JsonValue older, string theta, double otherwise)
        {
            JsonValue own = parameters[kind];
            return RotaryTable.Read(config, (own.Exists ? own : older).Object(mayBeMissing: true), own["rope_theta"] is { Exists: true } newer ? newer : config[theta], otherwise, 131_072, headSize);
        }

        double? Positive(string name) => !config[name].Exists ? null : config[name].Number() is > 0 and var number ? number : throw config[name].Wrong("a number above 0");
    }
}

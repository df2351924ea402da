using System.Text.Json.Nodes;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>A model of sizes that no one would think of, drawn from a seed, in the original layout and in that of transformers.</summary>
internal sealed class RandomShape
{
    private readonly Random _random;

    public RandomShape(int seed)
    {
        _random = new Random(seed);
        Type = OneOf("F32", "F16", "BF16");
        Shards = OneOf(1, 1, 2, 3);
        IsNested = OneOf(true, false);
        string text = OneOf("internlm2", "internlm3", "llama", "qwen2", "qwen3", "phi3");
        Original = new JsonObject
        {
            ["model_type"] = "internvl_chat",
            ["ps_version"] = OneOf("v1", "v2", "v2"),
            ["vision_config"] = Vision(out int layers, out int factor),
            ["llm_config"] = Text(text),
            ["downsample_ratio"] = 1.0 / factor,
            ["select_layer"] = _random.Next(-Math.Min(layers + 1, 4), 0), // -1 takes what the last layer yields
        };
    }

    /// <summary>What the tensors hold.</summary>
    public string Type { get; }

    public int Shards { get; }

    /// <summary>Whether the twin's tensors are named as transformers 5 names them.</summary>
    public bool IsNested { get; }

    public JsonObject Original { get; }

    /// <summary>The same in the layout of transformers; null where that has no words for it.</summary>
    public JsonObject? Transformers()
    {
        if ((string)Original["ps_version"]! == "v1" || (string)Original["llm_config"]!["model_type"]! == "internlm3")
        {
            return null;
        }

        JsonObject vision = Original["vision_config"]!.DeepClone().AsObject(), text = Original["llm_config"]!.DeepClone().AsObject();
        vision["attention_bias"] = (bool)vision["qkv_bias"]!;
        vision["use_qk_norm"] = (bool)vision["qk_normalization"]!;
        vision["use_mean_pooling"] = true;
        vision["image_size"] = new JsonArray((int)vision["image_size"]!, (int)vision["image_size"]!);
        if ((string)text["model_type"]! == "internlm2")
        {
            text["model_type"] = "llama";
            text["attention_bias"] = (bool)text["bias"]!;
        }

        return new JsonObject
        {
            ["model_type"] = "internvl",
            ["vision_config"] = vision,
            ["text_config"] = text,
            ["downsample_ratio"] = (double)Original["downsample_ratio"]!,
            ["vision_feature_layer"] = (int)Original["select_layer"]!,
        };
    }

    /// <summary>A tensor of the original layout, as one or several of the other.</summary>
    public IEnumerable<(string, int[], float[])> Rename((string Name, int[] Shape, float[] Values) tensor)
    {
        (string name, int[] shape, float[] values) = tensor;
        string renamed = name
            .Replace("vision_model.encoder.layers.", "vision_tower.encoder.layer.", StringComparison.Ordinal).Replace("vision_model.", "vision_tower.", StringComparison.Ordinal)
            .Replace("class_embedding", "cls_token", StringComparison.Ordinal).Replace("position_embedding", "position_embeddings", StringComparison.Ordinal)
            .Replace("patch_embedding", "patch_embeddings.projection", StringComparison.Ordinal)
            .Replace(".norm1.", ".layernorm_before.", StringComparison.Ordinal).Replace(".norm2.", ".layernorm_after.", StringComparison.Ordinal)
            .Replace(".ls1", ".lambda_1", StringComparison.Ordinal).Replace(".ls2", ".lambda_2", StringComparison.Ordinal)
            .Replace(".attn.proj.", ".attention.projection_layer.", StringComparison.Ordinal).Replace(".attn.", ".attention.", StringComparison.Ordinal)
            .Replace("mlp1.0", "multi_modal_projector.layer_norm", StringComparison.Ordinal).Replace("mlp1.1", "multi_modal_projector.linear_1", StringComparison.Ordinal)
            .Replace("mlp1.3", "multi_modal_projector.linear_2", StringComparison.Ordinal)
            .Replace("attention.wo.", "self_attn.o_proj.", StringComparison.Ordinal).Replace("feed_forward.w1", "mlp.gate_proj", StringComparison.Ordinal)
            .Replace("feed_forward.w3", "mlp.up_proj", StringComparison.Ordinal).Replace("feed_forward.w2", "mlp.down_proj", StringComparison.Ordinal)
            .Replace("attention_norm", "input_layernorm", StringComparison.Ordinal).Replace("ffn_norm", "post_attention_layernorm", StringComparison.Ordinal)
            .Replace("tok_embeddings", "embed_tokens", StringComparison.Ordinal).Replace("language_model.output.", "language_model.lm_head.", StringComparison.Ordinal);
        string[] parts = ["q_proj", "k_proj", "v_proj"];
        int length = values.Length / shape[0]; // of a row
        if (renamed.Contains(".attention.qkv.", StringComparison.Ordinal))
        {
            return parts.Select((part, i) => (Nest(renamed.Replace("qkv", part, StringComparison.Ordinal)), new[] { shape[0] / 3 }.Concat(shape[1..]).ToArray(), values[(i * values.Length / 3)..((i + 1) * values.Length / 3)]));
        }

        if (renamed.Contains("attention.wqkv.", StringComparison.Ordinal))
        {
            JsonNode text = Original["llm_config"]!;
            int heads = (int)text["num_attention_heads"]!, keys = (int)text["num_key_value_heads"]!, size = shape[0] / (heads + (2 * keys)), shared = heads / keys;
            return parts.Select((part, i) =>
            {
                // For each key head its queries, itself and its value.
                float[] rows = [.. Enumerable.Range(0, keys).SelectMany(key =>
                {
                    int first = ((key * (shared + 2)) + (i == 0 ? 0 : shared + i - 1)) * size * length;
                    return values[first..(first + ((i == 0 ? shared : 1) * size * length))];
                })];
                return (Nest(renamed.Replace("attention.wqkv", $"self_attn.{part}", StringComparison.Ordinal)), new[] { rows.Length / length }.Concat(shape[1..]).ToArray(), rows);
            });
        }

        return [(Nest(renamed), shape, values)];
    }

    private string Nest(string name) => !IsNested ? name
        : name.StartsWith("language_model.model.", StringComparison.Ordinal) ? $"model.language_model.{name["language_model.model.".Length..]}"
        : name.StartsWith("language_model.", StringComparison.Ordinal) ? name["language_model.".Length..]
        : $"model.{name}";

    private JsonObject Vision(out int layers, out int factor)
    {
        int heads = _random.Next(1, 5), patch = OneOf(4, 7, 14);
        layers = _random.Next(1, 4);
        factor = OneOf(1, 2, 2, 3);
        return new JsonObject
        {
            ["hidden_size"] = heads * _random.Next(2, 9) * 4,
            ["intermediate_size"] = _random.Next(9, 90),
            ["num_hidden_layers"] = layers,
            ["num_attention_heads"] = heads,
            ["image_size"] = patch * factor * _random.Next(1, 3),
            ["patch_size"] = patch,
            ["norm_type"] = OneOf("layer_norm", "rms_norm"),
            ["qk_normalization"] = OneOf(true, false),
            ["qkv_bias"] = OneOf(true, false),
            ["layer_norm_eps"] = 1e-6,
            ["hidden_act"] = OneOf("gelu", "gelu", "gelu_pytorch_tanh", "quick_gelu"),
        };
    }

    private JsonObject Text(string type)
    {
        int keys = _random.Next(1, 4), heads = keys * _random.Next(1, 4), size = OneOf(8, 16, 16, 24, 32);
        bool isApart = type is not ("internlm2" or "phi3") && OneOf(true, false); // those have no size of a head of its own
        var text = new JsonObject
        {
            ["model_type"] = type,
            ["hidden_size"] = isApart ? _random.Next(3, 25) * 4 : heads * size,
            ["intermediate_size"] = _random.Next(9, 120),
            ["num_hidden_layers"] = _random.Next(1, 4),
            ["num_attention_heads"] = heads,
            ["num_key_value_heads"] = keys,
            ["vocab_size"] = _random.Next(17, 300),
            ["rms_norm_eps"] = OneOf(1e-5, 1e-6),
            ["tie_word_embeddings"] = OneOf(true, false),
            ["max_position_embeddings"] = 512,
            ["bias"] = OneOf(true, false),
            ["qkv_bias"] = OneOf(true, false),
            ["attention_bias"] = OneOf(true, false),
            ["mlp_bias"] = type == "llama" && OneOf(true, false),
            ["rope_theta"] = OneOf(10000.0, 1e6),
            ["rope_scaling"] = JsonNode.Parse(OneOf(
                "null",
                """{"type": "linear", "factor": 3.0}""",
                """{"type": "dynamic", "factor": 2.0}""",
                """{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}""",
                """{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 128}""",
                $$"""{"rope_type": "longrope", "original_max_position_embeddings": 128, "short_factor": [{{string.Join(", ", Enumerable.Range(0, size / 2).Select(i => $"{1 + i}.5"))}}]}""")),
        };
        if (isApart)
        {
            text["head_dim"] = size;
        }

        return text;
    }

    private T OneOf<T>(params ReadOnlySpan<T> choices) => choices[_random.Next(choices.Length)];
}

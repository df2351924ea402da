using System.Text.Json.Nodes;
using SafeVision.Conversion.Tests.Checkpoints;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>InternVL checkpoints of any shape with random weights.</summary>
internal sealed class RandomCheckpoint(int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<(string Name, int[] Shape, float[] Values)> _tensors = [];

    /// <summary>What the tensors hold: F32, F16 or BF16.</summary>
    public string Type { get; init; } = "F32";

    /// <summary>Into how many files the tensors are parted.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Whether the tensors are named as transformers 5 names them.</summary>
    public bool IsNested { get; init; }

    /// <summary>The tensors that were written.</summary>
    public IReadOnlyList<(string Name, int[] Shape, float[] Values)> Tensors => _tensors;

    /// <summary>Writes a configuration and tensors of the shapes that it asks for.</summary>
    public void Write(string folder, JsonObject config)
    {
        Fill(config);
        Save(folder, config);
    }

    /// <summary>Writes the tensors of another checkpoint by the names that another layout has for them.</summary>
    public void WriteRenamed(string folder, JsonObject config, RandomCheckpoint other, Func<(string Name, int[] Shape, float[] Values), IEnumerable<(string, int[], float[])>> rename)
    {
        _tensors.AddRange(other._tensors.SelectMany(rename));
        Save(folder, config);
    }

    private void Fill(JsonObject config)
    {
        bool isOriginal = (string)config["model_type"]! == "internvl_chat";
        JsonObject vision = config["vision_config"]!.AsObject(), text = config[isOriginal ? "llm_config" : "text_config"]!.AsObject();
        int factor = (int)Math.Round(1 / (double)config["downsample_ratio"]!), hidden = (int)text["hidden_size"]!;
        Vision(vision, isOriginal);
        int joined = factor * factor * (int)vision["hidden_size"]!;
        (string norm, string first, string second) = isOriginal ? ("mlp1.0", "mlp1.1", "mlp1.3") : ("multi_modal_projector.layer_norm", "multi_modal_projector.linear_1", "multi_modal_projector.linear_2");
        Norm(norm, joined, hasBias: true);
        Linear(first, hidden, joined, hasBias: true);
        Linear(second, hidden, hidden, hasBias: true);
        Text(text, (bool?)config["tie_word_embeddings"]);
        for (int i = 0; IsNested && i < _tensors.Count; i++)
        {
            string name = _tensors[i].Name;
            string nested = name.StartsWith("language_model.model.", StringComparison.Ordinal) ? $"model.language_model.{name["language_model.model.".Length..]}"
                : name == "language_model.lm_head.weight" ? "lm_head.weight" : $"model.{name}";
            _tensors[i] = (nested, _tensors[i].Shape, _tensors[i].Values);
        }
    }

    private void Save(string folder, JsonObject config)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        if (Shards == 1)
        {
            File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), SafetensorsBytes.Create(_tensors, Type));
            return;
        }

        var map = new JsonObject();
        foreach (IGrouping<int, (string Name, int[] Shape, float[] Values)> shard in _tensors.GroupBy(tensor => _tensors.IndexOf(tensor) % Shards))
        {
            string file = $"model-{shard.Key + 1:00000}-of-{Shards:00000}.safetensors";
            File.WriteAllBytes(Path.Combine(folder, file), SafetensorsBytes.Create(shard, Type));
            shard.ToList().ForEach(tensor => map[tensor.Name] = file);
        }

        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    private void Vision(JsonObject config, bool isOriginal)
    {
        int width = (int)config["hidden_size"]!, inner = (int)config["intermediate_size"]!, patch = (int)config["patch_size"]!, grid = (int)config["image_size"]! / patch;
        bool hasNormBias = (string)config["norm_type"]! == "layer_norm", hasBias = (bool)config[isOriginal ? "qkv_bias" : "attention_bias"]!;
        bool normalizes = (bool)config[isOriginal ? "qk_normalization" : "use_qk_norm"]!;
        string tower = isOriginal ? "vision_model" : "vision_tower", embeddings = $"{tower}.embeddings";
        Add($"{embeddings}.{(isOriginal ? "class_embedding" : "cls_token")}", 1, 1, 1, width);
        Add($"{embeddings}.{(isOriginal ? "position_embedding" : "position_embeddings")}", 0.3, 1, (grid * grid) + 1, width);
        string patches = $"{embeddings}.{(isOriginal ? "patch_embedding" : "patch_embeddings.projection")}";
        Add($"{patches}.weight", 1 / Math.Sqrt(3 * patch * patch), width, 3, patch, patch);
        Add($"{patches}.bias", 0.1, width);
        for (int i = 0; i < (int)config["num_hidden_layers"]!; i++)
        {
            string name = isOriginal ? $"{tower}.encoder.layers.{i}" : $"{tower}.encoder.layer.{i}", attention = $"{name}.{(isOriginal ? "attn" : "attention")}";
            Norm($"{name}.{(isOriginal ? "norm1" : "layernorm_before")}", width, hasNormBias);
            Norm($"{name}.{(isOriginal ? "norm2" : "layernorm_after")}", width, hasNormBias);
            Add($"{name}.{(isOriginal ? "ls1" : "lambda_1")}", 0.5, width);
            Add($"{name}.{(isOriginal ? "ls2" : "lambda_2")}", 0.5, width);
            foreach (string part in isOriginal ? new[] { "qkv" } : ["q_proj", "k_proj", "v_proj"])
            {
                Linear($"{attention}.{part}", isOriginal ? 3 * width : width, width, hasBias);
            }

            foreach (string part in normalizes ? new[] { "q_norm", "k_norm" } : [])
            {
                Norm($"{attention}.{part}", width, hasBias: false);
            }

            Linear($"{attention}.{(isOriginal ? "proj" : "projection_layer")}", width, width, hasBias: true);
            Linear($"{name}.mlp.fc1", inner, width, hasBias: true);
            Linear($"{name}.mlp.fc2", width, inner, hasBias: true);
        }

        if (!isOriginal && !(bool)config["use_mean_pooling"]!)
        {
            Norm($"{tower}.layernorm", width, hasBias: true);
        }
    }

    private void Text(JsonObject config, bool? isTied)
    {
        const string Body = "language_model.model";
        string type = (string)config["model_type"]!;
        int hidden = (int)config["hidden_size"]!, inner = (int)config["intermediate_size"]!, vocabulary = (int)config["vocab_size"]!;
        int heads = (int)config["num_attention_heads"]!, keyHeads = (int?)config["num_key_value_heads"] ?? heads, size = (int?)config["head_dim"] ?? hidden / heads;
        bool Says(string property) => (bool?)config[property] ?? false;
        (bool qkvBias, bool outputBias, bool mlpBias) = type switch
        {
            "internlm2" => (Says("bias"), Says("bias"), false),
            "internlm3" => (Says("qkv_bias"), Says("bias"), Says("bias")),
            "qwen2" => (true, false, false),
            "qwen3" => (Says("attention_bias"), Says("attention_bias"), false),
            "phi3" => (false, false, false),
            _ => (Says("attention_bias"), Says("attention_bias"), Says("mlp_bias")),
        };
        bool isInternLM2 = type == "internlm2", isPhi3 = type == "phi3";
        for (int i = 0; i < (int)config["num_hidden_layers"]!; i++)
        {
            string name = $"{Body}.layers.{i}", attention = $"{name}.{(isInternLM2 ? "attention" : "self_attn")}";
            Norm($"{name}.{(isInternLM2 ? "attention_norm" : "input_layernorm")}", hidden, hasBias: false);
            Norm($"{name}.{(isInternLM2 ? "ffn_norm" : "post_attention_layernorm")}", hidden, hasBias: false);
            if (isInternLM2 || isPhi3)
            {
                Linear($"{attention}.{(isPhi3 ? "qkv_proj" : "wqkv")}", (heads + (2 * keyHeads)) * size, hidden, qkvBias);
            }
            else
            {
                Linear($"{attention}.q_proj", heads * size, hidden, qkvBias);
                Linear($"{attention}.k_proj", keyHeads * size, hidden, qkvBias);
                Linear($"{attention}.v_proj", keyHeads * size, hidden, qkvBias);
            }

            foreach (string part in type == "qwen3" ? new[] { "q_norm", "k_norm" } : [])
            {
                Norm($"{attention}.{part}", size, hasBias: false);
            }

            Linear($"{attention}.{(isInternLM2 ? "wo" : "o_proj")}", hidden, heads * size, outputBias);
            if (isPhi3)
            {
                Linear($"{name}.mlp.gate_up_proj", 2 * inner, hidden, hasBias: false);
                Linear($"{name}.mlp.down_proj", hidden, inner, hasBias: false);
                continue;
            }

            string[] parts = isInternLM2 ? ["feed_forward.w1", "feed_forward.w3", "feed_forward.w2"] : ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];
            Linear($"{name}.{parts[0]}", inner, hidden, mlpBias);
            Linear($"{name}.{parts[1]}", inner, hidden, mlpBias);
            Linear($"{name}.{parts[2]}", hidden, inner, mlpBias);
        }

        Norm($"{Body}.norm", hidden, hasBias: false);
        Add($"{Body}.{(isInternLM2 ? "tok_embeddings" : "embed_tokens")}.weight", 1, vocabulary, hidden);
        if (!((bool?)config["tie_word_embeddings"] ?? isTied ?? false))
        {
            Add($"language_model.{(isInternLM2 ? "output" : "lm_head")}.weight", 1 / Math.Sqrt(hidden), vocabulary, hidden);
        }
    }

    private void Linear(string name, int output, int input, bool hasBias)
    {
        Add($"{name}.weight", 2 / Math.Sqrt(input), output, input);
        if (hasBias)
        {
            Add($"{name}.bias", 0.2, output);
        }
    }

    private void Norm(string name, int features, bool hasBias)
    {
        Add($"{name}.weight", 1, features);
        if (hasBias)
        {
            Add($"{name}.bias", 0.2, features);
        }
    }

    private void Add(string name, double scale, params int[] shape) =>
        _tensors.Add((name, shape, [.. Enumerable.Range(0, shape.Aggregate(1, (product, size) => product * size)).Select(_ => (float)(((_random.NextDouble() * 2) - 1) * scale))]));
}

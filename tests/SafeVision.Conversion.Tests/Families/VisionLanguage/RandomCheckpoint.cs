using System.Text.Json.Nodes;
using SafeVision.Conversion.Tests.Checkpoints;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>InternVL checkpoints of any shape with random weights.</summary>
internal sealed class RandomCheckpoint(int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<(string Name, int[] Shape, float[] Values)> _tensors = [];

    /// <summary>Writes a configuration and tensors of the shapes that it asks for.</summary>
    public void Write(string folder, JsonObject config)
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
        Text(text);

        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), SafetensorsBytes.Create(_tensors));
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

    private void Text(JsonObject config)
    {
        const string Body = "language_model.model";
        int hidden = (int)config["hidden_size"]!, inner = (int)config["intermediate_size"]!, vocabulary = (int)config["vocab_size"]!;
        int heads = (int)config["num_attention_heads"]!, keyHeads = (int)config["num_key_value_heads"]!, size = (int?)config["head_dim"] ?? hidden / heads;
        bool isInternLM2 = (string)config["model_type"]! == "internlm2", hasBias = (bool?)config[isInternLM2 ? "bias" : "attention_bias"] ?? false;
        for (int i = 0; i < (int)config["num_hidden_layers"]!; i++)
        {
            string name = $"{Body}.layers.{i}", attention = $"{name}.{(isInternLM2 ? "attention" : "self_attn")}";
            Norm($"{name}.{(isInternLM2 ? "attention_norm" : "input_layernorm")}", hidden, hasBias: false);
            Norm($"{name}.{(isInternLM2 ? "ffn_norm" : "post_attention_layernorm")}", hidden, hasBias: false);
            if (isInternLM2)
            {
                Linear($"{attention}.wqkv", (heads + (2 * keyHeads)) * size, hidden, hasBias);
            }
            else
            {
                Linear($"{attention}.q_proj", heads * size, hidden, hasBias);
                Linear($"{attention}.k_proj", keyHeads * size, hidden, hasBias);
                Linear($"{attention}.v_proj", keyHeads * size, hidden, hasBias);
            }

            foreach (string part in (string)config["model_type"]! == "qwen3" ? new[] { "q_norm", "k_norm" } : [])
            {
                Norm($"{attention}.{part}", size, hasBias: false);
            }

            Linear($"{attention}.{(isInternLM2 ? "wo" : "o_proj")}", hidden, heads * size, hasBias);
            string[] parts = isInternLM2 ? ["feed_forward.w1", "feed_forward.w3", "feed_forward.w2"] : ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];
            bool mlpBias = (bool?)config["mlp_bias"] ?? false;
            Linear($"{name}.{parts[0]}", inner, hidden, mlpBias);
            Linear($"{name}.{parts[1]}", inner, hidden, mlpBias);
            Linear($"{name}.{parts[2]}", hidden, inner, mlpBias);
        }

        Norm($"{Body}.norm", hidden, hasBias: false);
        Add($"{Body}.{(isInternLM2 ? "tok_embeddings" : "embed_tokens")}.weight", 1, vocabulary, hidden);
        if (!((bool?)config["tie_word_embeddings"] ?? false))
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

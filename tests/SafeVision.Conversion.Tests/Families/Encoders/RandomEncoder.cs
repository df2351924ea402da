using System.Text.Json.Nodes;
using SafeVision.Conversion.Tests.Checkpoints;

namespace SafeVision.Conversion.Tests.Families.Encoders;

/// <summary>Checkpoints of classifiers and of pairs of towers, of random shapes with random weights.</summary>
internal sealed class RandomEncoder
{
    private static readonly string[] s_activations = ["gelu", "gelu_new", "quick_gelu", "gelu_pytorch_tanh", "relu", "silu"];

    private readonly Random _random;
    private readonly string _prefix;
    private readonly List<(string Name, int[] Shape, float[] Values)> _tensors = [];
    private readonly JsonObject _preprocessor = [];
    private JsonObject _config = [];

    public RandomEncoder(int seed)
    {
        _random = new Random(seed);
        _prefix = Pick("", "model.", "module.model.");
    }

    public JsonObject Config => _config;

    public List<(string Name, int[] Shape, float[] Values)> Tensors => _tensors;

    public static RandomEncoder Create(string family, int seed)
    {
        var made = new RandomEncoder(seed);
        made._config = family switch
        {
            "vit-classifier" => made.Vit(),
            "siglip-classifier" => made.SiglipClassifier(),
            "convnext-classifier" => made.ConvNext(),
            "clip" => made.Clip(),
            _ => made.Siglip(),
        };
        return made;
    }

    /// <summary>Writes it as F32, F16 or BF16, in one file or in several.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), _config.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"), _preprocessor.ToJsonString());
        string type = Pick("F32", "F16", "BF16");
        int shards = _random.Next(1, 4);
        if (shards == 1)
        {
            File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), SafetensorsBytes.Create(_tensors, type));
            return;
        }

        var map = new JsonObject();
        for (int shard = 0; shard < shards; shard++)
        {
            string file = $"model-{shard + 1:00000}-of-{shards:00000}.safetensors";
            var part = _tensors.Where((_, i) => i % shards == shard).ToList();
            part.ForEach(tensor => map[tensor.Name] = file);
            File.WriteAllBytes(Path.Combine(folder, file), SafetensorsBytes.Create(part, type));
        }

        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    private JsonObject Vit()
    {
        (JsonObject config, int width, int inner, int layers) = Tower();
        (int height, int across) = (_random.Next(3, 9), _random.Next(3, 9));
        if (_random.Next(2) == 0)
        {
            across = height;
        }

        int image = (Math.Max(height, across) * _random.Next(1, 4)) + _random.Next(3);
        bool hasBias = _random.Next(2) == 0;
        config["model_type"] = "vit";
        config["image_size"] = image;
        config["patch_size"] = height == across ? height : new JsonArray(height, across);
        if (!hasBias || _random.Next(2) == 0)
        {
            config["qkv_bias"] = hasBias;
        }

        _preprocessor["size"] = Pick<JsonNode>(image, new JsonObject { ["height"] = image, ["width"] = image });
        string root = $"{_prefix}vit.";
        Add($"{root}embeddings.cls_token", 1, 1, width);
        Add($"{root}embeddings.position_embeddings", 1, (image / height * (image / across)) + 1, width);
        Linear($"{root}embeddings.patch_embeddings.projection", true, width, 3, height, across);
        for (int i = 0; i < layers; i++)
        {
            string name = $"{root}encoder.layer.{i}";
            Norm($"{name}.layernorm_before", width);
            Norm($"{name}.layernorm_after", width);
            foreach (string part in new[] { "query", "key", "value" })
            {
                Linear($"{name}.attention.attention.{part}", hasBias, width, width);
            }

            Linear($"{name}.attention.output.dense", true, width, width);
            Linear($"{name}.intermediate.dense", true, inner, width);
            Linear($"{name}.output.dense", true, width, inner);
        }

        Norm($"{root}layernorm", width);
        if (_random.Next(2) == 0)
        {
            Linear($"{root}pooler.dense", true, width, width);
        }

        Classifier(config, width);
        return config;
    }

    private JsonObject SiglipClassifier()
    {
        (JsonObject vision, int width) = SiglipVision(hasHead: _random.Next(2) == 0);
        var config = new JsonObject { ["model_type"] = "siglip", ["architectures"] = new JsonArray("SiglipForImageClassification"), ["vision_config"] = vision };
        Classifier(config, width);
        return config;
    }

    private JsonObject Siglip()
    {
        (JsonObject vision, int width) = SiglipVision(hasHead: true);
        JsonObject text = Text(width, 5, out int textWidth);
        string root = $"{_prefix}text_model.";
        Linear($"{root}head", true, width, textWidth);
        if (textWidth != width)
        {
            text["projection_size"] = width;
        }

        Add($"{_prefix}logit_scale", 1);
        Add($"{_prefix}logit_bias", 1);
        return new JsonObject { ["model_type"] = "siglip", ["vision_config"] = vision, ["text_config"] = text };
    }

    private JsonObject Clip()
    {
        (JsonObject vision, int width, int inner, int layers) = Tower();
        int patch = _random.Next(3, 9), image = (patch * _random.Next(1, 4)) + _random.Next(patch), size = _random.Next(1, 30);
        (vision["image_size"], vision["patch_size"]) = (image, patch);
        _preprocessor["size"] = Pick<JsonNode>(image, new JsonObject { ["shortest_edge"] = image + 2 }, new JsonObject { ["height"] = image, ["width"] = image });
        _preprocessor["crop_size"] = Pick<JsonNode>(image, new JsonObject { ["height"] = image, ["width"] = image });
        string root = $"{_prefix}vision_model.";
        Add($"{root}embeddings.class_embedding", width);
        Linear($"{root}embeddings.patch_embedding", false, width, 3, patch, patch);
        Add($"{root}embeddings.position_embedding.weight", (image / patch * (image / patch)) + 1, width);
        Norm($"{root}pre_layrnorm", width);
        Layers(root, width, inner, layers);
        Norm($"{root}post_layernorm", width);
        Linear($"{_prefix}visual_projection", false, size, width);
        JsonObject text = Text(null, 12, out int textWidth);
        text["eos_token_id"] = _random.Next(1, 8); // 2: the highest id ends a text
        Linear($"{_prefix}text_projection", false, size, textWidth);
        _tensors.Add(($"{_prefix}logit_scale", [], [3.5f]));
        return new JsonObject { ["model_type"] = "clip", ["projection_dim"] = size, ["vision_config"] = vision, [Pick("text_config", "text_config_dict")] = text };
    }

    private JsonObject ConvNext()
    {
        int stages = _random.Next(1, 4), patch = _random.Next(2, 5), edge = (patch << stages) + _random.Next(6);
        int[] widths = [.. Enumerable.Range(0, stages).Select(_ => _random.Next(1, 20))], depths = [.. Enumerable.Range(0, stages).Select(_ => _random.Next(1, 3))];
        bool scales = _random.Next(3) > 0;
        var config = new JsonObject
        {
            ["model_type"] = "convnext",
            ["num_stages"] = stages,
            ["patch_size"] = patch,
            ["hidden_act"] = Pick(s_activations),
            ["layer_norm_eps"] = Pick(1e-12, 1e-5),
            ["hidden_sizes"] = new JsonArray([.. widths.Select(width => (JsonNode)width)]),
            ["depths"] = new JsonArray([.. depths.Select(depth => (JsonNode)depth)]),
        };
        if (!scales)
        {
            config["layer_scale_init_value"] = 0;
        }

        _preprocessor["size"] = Pick<JsonNode>(edge, new JsonObject { ["shortest_edge"] = edge });
        string root = $"{_prefix}convnext.";
        Linear($"{root}embeddings.patch_embeddings", true, widths[0], 3, patch, patch);
        Norm($"{root}embeddings.layernorm", widths[0]);
        for (int stage = 0; stage < stages; stage++)
        {
            (string name, int width) = ($"{root}encoder.stages.{stage}", widths[stage]);
            if (stage > 0)
            {
                Norm($"{name}.downsampling_layer.0", widths[stage - 1]);
                Linear($"{name}.downsampling_layer.1", true, width, widths[stage - 1], 2, 2);
            }

            for (int i = 0; i < depths[stage]; i++)
            {
                Linear($"{name}.layers.{i}.dwconv", true, width, 1, 7, 7);
                Norm($"{name}.layers.{i}.layernorm", width);
                Linear($"{name}.layers.{i}.pwconv1", true, 4 * width, width);
                Linear($"{name}.layers.{i}.pwconv2", true, width, 4 * width);
                if (scales)
                {
                    Add($"{name}.layers.{i}.layer_scale_parameter", width);
                }
            }
        }

        Norm($"{root}layernorm", widths[^1]);
        Classifier(config, widths[^1]);
        return config;
    }

    private (JsonObject Config, int Width) SiglipVision(bool hasHead)
    {
        (JsonObject config, int width, int inner, int layers) = Tower();
        int patch = _random.Next(3, 9), image = (patch * _random.Next(1, 4)) + _random.Next(patch);
        (config["image_size"], config["patch_size"]) = (image, patch);
        _preprocessor["size"] = new JsonObject { ["height"] = image, ["width"] = image };
        string root = $"{_prefix}vision_model.";
        Linear($"{root}embeddings.patch_embedding", true, width, 3, patch, patch);
        Add($"{root}embeddings.position_embedding.weight", image / patch * (image / patch), width);
        Layers(root, width, inner, layers);
        Norm($"{root}post_layernorm", width);
        if (hasHead)
        {
            Add($"{root}head.probe", 1, 1, width);
            Add($"{root}head.attention.in_proj_weight", 3 * width, width);
            Add($"{root}head.attention.in_proj_bias", 3 * width);
            Linear($"{root}head.attention.out_proj", true, width, width);
            Norm($"{root}head.layernorm", width);
            Linear($"{root}head.mlp.fc1", true, inner, width);
            Linear($"{root}head.mlp.fc2", true, width, inner);
        }

        return (config, width);
    }

    private JsonObject Text(int? projection, int leastWords, out int width)
    {
        (JsonObject config, width, int inner, int layers) = Tower();
        int words = leastWords + _random.Next(40), places = _random.Next(4, 20);
        (config["vocab_size"], config["max_position_embeddings"]) = (words, places);
        string root = $"{_prefix}text_model.";
        Add($"{root}embeddings.token_embedding.weight", words, width);
        Add($"{root}embeddings.position_embedding.weight", places, width);
        Layers(root, width, inner, layers);
        Norm($"{root}final_layer_norm", width);
        return config;
    }

    private (JsonObject Config, int Width, int Inner, int Layers) Tower()
    {
        int heads = _random.Next(1, 5), width = heads * _random.Next(1, 13), inner = _random.Next(1, 60), layers = _random.Next(1, 4);
        var config = new JsonObject { ["hidden_size"] = width, ["intermediate_size"] = inner, ["num_hidden_layers"] = layers, ["num_attention_heads"] = heads };
        if (_random.Next(4) > 0)
        {
            config["hidden_act"] = Pick(s_activations);
            config["layer_norm_eps"] = Pick(1e-12, 1e-6, 1e-5, 1e-3);
        }

        return (config, width, inner, layers);
    }

    private void Layers(string root, int width, int inner, int layers)
    {
        for (int i = 0; i < layers; i++)
        {
            string name = $"{root}encoder.layers.{i}";
            Norm($"{name}.layer_norm1", width);
            Norm($"{name}.layer_norm2", width);
            foreach (string part in new[] { "q_proj", "k_proj", "v_proj", "out_proj" })
            {
                Linear($"{name}.self_attn.{part}", true, width, width);
            }

            Linear($"{name}.mlp.fc1", true, inner, width);
            Linear($"{name}.mlp.fc2", true, width, inner);
        }
    }

    private void Classifier(JsonObject config, int width)
    {
        int labels = Pick(1, 2, _random.Next(3, 40), 1000);
        Linear($"{_prefix}classifier", true, labels, width);
        if (_random.Next(3) > 0)
        {
            config["id2label"] = new JsonObject(Enumerable.Range(0, labels).Select(i => KeyValuePair.Create($"{i}", (JsonNode?)$"label {i}")));
        }
    }

    private void Linear(string name, bool hasBias, params int[] shape)
    {
        double inputs = shape.Skip(1).Aggregate(1.0, (product, size) => product * size);
        Add($"{name}.weight", 2 / Math.Sqrt(inputs), shape);
        if (hasBias)
        {
            Add($"{name}.bias", 0.2, shape[0]);
        }
    }

    private void Norm(string name, int features)
    {
        Add($"{name}.weight", 1.0, features);
        Add($"{name}.bias", 0.2, features);
    }

    private void Add(string name, params int[] shape) => Add(name, 1.0, shape);

    private void Add(string name, double scale, int[] shape) =>
        _tensors.Add((name, shape, [.. Enumerable.Range(0, shape.Aggregate(1, (product, size) => product * size)).Select(_ => (float)(((_random.NextDouble() * 2) - 1) * scale))]));

    private void Add(string name, double scale, int size) => Add(name, scale, [size]);

    private T Pick<T>(params T[] choices) => choices[_random.Next(choices.Length)];
}

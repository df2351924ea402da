using System.Text.Json;
using System.Text.Json.Nodes;
using SafeVision.Training.Networks;
using static TorchSharp.torch;

namespace SafeVision.Training.Starter;

/// <summary>The size of a model that is trained from random weights.</summary>
public sealed class StarterOptions
{
    /// <summary>The words that the model can read and write, each one token.</summary>
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>Marks beside those of every InternVL, each one token, such as <c>&lt;|SAFE|&gt;</c>.</summary>
    public IReadOnlyList<string> Marks { get; init; } = [];

    /// <summary>Layers of the vision tower and of the text model each; default 4.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Width of both; default 128.</summary>
    public int Width { get; init; } = 128;

    /// <summary>Heads of both; default 4.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>The side of an image in pixels, a multiple of 28; default 112.</summary>
    public int ImageSize { get; init; } = 112;

    /// <summary>Where the weights start.</summary>
    public long Seed { get; init; } = 1;
}

/// <summary>
/// Writes a small InternVL with Qwen2 text from random weights, in the layout of transformers: for tests, for examples, and
/// to see the whole way from images to a converted model in minutes.
/// </summary>
public static class StarterCheckpoint
{
    /// <summary>
    /// The prompts of a starter, as the engine reads them beside the model: the categories <c>a</c> to <c>d</c> of a policy are
    /// its marks, and their phrases its words. Training asks with the same words (<see cref="ScenePolicy.Prompt"/>).
    /// </summary>
    public const string PromptFile = """
        protocol: safevision
        order: imageFirst
        tokens:
          safe: <|SAFE|>
          reason: <|REASON|>
          a: <|A|>
          b: <|B|>
          c: <|C|>
          d: <|D|>
        maximumReasonWords: 4
        maximumReasonTokens: 8
        templates:
          fast: " policy{% for category in categories %}{{ category.token }}{% for phrase in category.includes %} {{ phrase }}{% endfor %}{% endfor %} ?"
          comprehension: " policy{% for category in categories %}{{ category.token }}{% for phrase in category.includes %} {{ phrase }}{% endfor %}{% endfor %} ?"

        """;

    /// <summary>The side in pixels of what an image token shows: two patches.</summary>
    internal const int TokenSide = 2 * Patch;

    private const int Patch = 14;
    private const string WordPattern = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private const string ChatTemplate =
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n'}}{% if message['content'] is string %}{{ message['content'] }}{% else %}"
        + "{% for content in message['content'] %}{% if content['type'] == 'image' %}{{ '<IMG_CONTEXT>\n' }}{% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}{% endfor %}"
        + "{% endif %}{{'<|im_end|>\n'}}{% endfor %}{% if add_generation_prompt %}{{'<|im_start|>assistant\n' }}{% endif %}";

    private static readonly string[] s_marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>"];

    /// <summary>Writes the folder.</summary>
    /// <exception cref="ArgumentException">A word holds white space, or the sizes do not fit each other.</exception>
    public static void Write(string folder, StarterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.ImageSize % TokenSide != 0 || options.Width % options.Heads != 0 || options.Width / options.Heads % 2 != 0)
        {
            throw new ArgumentException($"An image must be a multiple of {TokenSide} pixels, and the width an even multiple of the heads.", nameof(options));
        }

        Directory.CreateDirectory(folder);
        string[] marks = [.. s_marks, .. options.Marks];
        Dictionary<string, int> vocabulary = WordTokenizer.Vocabulary(options.Words, "user", "assistant", "system");
        int first = vocabulary.Count, rows = (first + marks.Length + 31) / 32 * 32;
        WriteJson(folder, "tokenizer.json", WordTokenizer.Json(vocabulary, marks, WordPattern));
        WriteJson(folder, "tokenizer_config.json", new JsonObject
        {
            ["tokenizer_class"] = "Qwen2Tokenizer",
            ["chat_template"] = ChatTemplate,
            ["eos_token"] = "<|im_end|>",
            ["pad_token"] = "<|endoftext|>",
            ["start_image_token"] = "<img>",
            ["end_image_token"] = "</img>",
            ["context_image_token"] = "<IMG_CONTEXT>",
        });
        WriteJson(folder, "generation_config.json", new JsonObject { ["eos_token_id"] = first + 2, ["pad_token_id"] = first, ["do_sample"] = false });
        WriteJson(folder, "preprocessor_config.json", new JsonObject
        {
            ["image_processor_type"] = "GotOcr2ImageProcessorFast",
            ["crop_to_patches"] = false,
            ["min_patches"] = 1,
            ["max_patches"] = 1,
            ["do_convert_rgb"] = true,
            ["do_resize"] = true,
            ["size"] = new JsonObject { ["height"] = options.ImageSize, ["width"] = options.ImageSize },
            ["resample"] = 3,
            ["do_rescale"] = true,
            ["rescale_factor"] = 1.0 / 255,
            ["do_normalize"] = true,
            ["image_mean"] = new JsonArray(0.485, 0.456, 0.406),
            ["image_std"] = new JsonArray(0.229, 0.224, 0.225),
        });
        WriteJson(folder, "config.json", Config(options, first, rows));
        File.WriteAllText(Path.Combine(folder, "safevision-prompt.yaml"), PromptFile);
        using NetworkWeights weights = Weights(options, rows);
        weights.Save(folder);
    }

    private static JsonObject Config(StarterOptions options, int first, int rows) => new()
    {
        ["architectures"] = new JsonArray("InternVLForConditionalGeneration"),
        ["model_type"] = "internvl",
        ["downsample_ratio"] = 0.5,
        ["image_seq_length"] = options.ImageSize / TokenSide * (options.ImageSize / TokenSide),
        ["image_token_id"] = first + 5,
        ["projector_hidden_act"] = "gelu",
        ["vision_feature_layer"] = -1,
        ["vision_feature_select_strategy"] = "default",
        ["tie_word_embeddings"] = true,
        ["dtype"] = "float32",
        ["text_config"] = new JsonObject
        {
            ["model_type"] = "qwen2",
            ["architectures"] = new JsonArray("Qwen2ForCausalLM"),
            ["hidden_size"] = options.Width,
            ["intermediate_size"] = 3 * options.Width,
            ["num_hidden_layers"] = options.Layers,
            ["num_attention_heads"] = options.Heads,
            ["num_key_value_heads"] = options.Heads,
            ["vocab_size"] = rows,
            ["hidden_act"] = "silu",
            ["max_position_embeddings"] = 2048,
            ["rms_norm_eps"] = 1e-6,
            ["eos_token_id"] = first + 2,
            ["pad_token_id"] = first,
            ["tie_word_embeddings"] = true,
            ["use_sliding_window"] = false,
            ["rope_parameters"] = new JsonObject { ["rope_theta"] = 10000.0, ["rope_type"] = "default" },
        },
        ["vision_config"] = new JsonObject
        {
            ["model_type"] = "internvl_vision",
            ["hidden_size"] = options.Width,
            ["intermediate_size"] = 4 * options.Width,
            ["num_hidden_layers"] = options.Layers,
            ["num_attention_heads"] = options.Heads,
            ["attention_bias"] = true,
            ["use_qk_norm"] = false,
            ["hidden_act"] = "gelu",
            ["norm_type"] = "layer_norm",
            ["layer_norm_eps"] = 1e-6,
            ["image_size"] = new JsonArray(options.ImageSize, options.ImageSize),
            ["patch_size"] = new JsonArray(Patch, Patch),
            ["num_channels"] = 3,
            ["use_absolute_position_embeddings"] = true,
            ["use_mask_token"] = false,
            ["use_mean_pooling"] = true,
        },
    };

    /// <summary>Matrices from a normal distribution of 0.02, or that of their fan-in where layers are few; norms 1, biases 0.</summary>
    private static NetworkWeights Weights(StarterOptions options, int rows)
    {
        var weights = new NetworkWeights();
        using var generator = new Generator((ulong)options.Seed);
        int width = options.Width, side = options.ImageSize / Patch;
        const string Tower = "model.vision_tower.";
        Matrix("model.language_model.embed_tokens", rows, width, 0.02);
        for (int layer = 0; layer < options.Layers; layer++)
        {
            string text = $"model.language_model.layers.{layer}.", vision = $"{Tower}encoder.layer.{layer}.";
            Fill($"{text}input_layernorm.weight", 1, width);
            Fill($"{text}post_attention_layernorm.weight", 1, width);
            foreach (string name in new[] { "q", "k", "v" })
            {
                Linear($"{text}self_attn.{name}_proj", width, width);
                Linear($"{vision}attention.{name}_proj", width, width);
            }

            Matrix($"{text}self_attn.o_proj", width, width);
            Matrix($"{text}mlp.gate_proj", 3 * width, width);
            Matrix($"{text}mlp.up_proj", 3 * width, width);
            Matrix($"{text}mlp.down_proj", width, 3 * width);
            Linear($"{vision}attention.projection_layer", width, width);
            Linear($"{vision}mlp.fc1", 4 * width, width);
            Linear($"{vision}mlp.fc2", width, 4 * width);
            foreach (string norm in new[] { "layernorm_before", "layernorm_after" })
            {
                Fill($"{vision}{norm}.weight", 1, width);
                Fill($"{vision}{norm}.bias", 0, width);
            }

            Fill($"{vision}lambda_1", 1, width);
            Fill($"{vision}lambda_2", 1, width);
        }

        Fill("model.language_model.norm.weight", 1, width);
        weights.Add($"{Tower}embeddings.patch_embeddings.projection.weight", randn(width, 3, Patch, Patch, generator: generator) / Math.Sqrt(3 * Patch * Patch));
        Fill($"{Tower}embeddings.patch_embeddings.projection.bias", 0, width);
        weights.Add($"{Tower}embeddings.cls_token", randn(1, 1, width, generator: generator) * 0.02);
        weights.Add($"{Tower}embeddings.position_embeddings", randn(1, (side * side) + 1, width, generator: generator) * 0.1);
        Fill("model.multi_modal_projector.layer_norm.weight", 1, 4 * width);
        Fill("model.multi_modal_projector.layer_norm.bias", 0, 4 * width);
        Linear("model.multi_modal_projector.linear_1", width, 4 * width);
        Linear("model.multi_modal_projector.linear_2", width, width);
        return weights;

        void Matrix(string name, int outputs, int inputs, double? deviation = null) =>
            weights.Add($"{name}.weight", randn(outputs, inputs, generator: generator) * (deviation ?? 1 / Math.Sqrt(inputs)));

        void Linear(string name, int outputs, int inputs)
        {
            Matrix(name, outputs, inputs);
            Fill($"{name}.bias", 0, outputs);
        }

        void Fill(string name, double value, int length) => weights.Add(name, full(length, (float)value));
    }

    internal static void WriteJson(string folder, string name, JsonObject content) =>
        File.WriteAllText(Path.Combine(folder, name), content.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
}

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

    /// <summary>The most tiles that an image is cut into, besides its thumbnail; default 1: it is taken whole.</summary>
    public int MaximumTiles { get; init; } = 1;

    /// <summary>Where the weights start.</summary>
    public long Seed { get; init; } = 1;
}

/// <summary>Writes a small InternVL with Qwen2 text from random weights, in the layout of transformers: for tests, for examples,
/// and to see the whole way from images to a converted model in minutes.</summary>
public static class StarterCheckpoint
{
    /// <summary>The prompts of a starter, as the engine reads them beside the model: the categories <c>a</c> to <c>d</c> of a
    /// policy are its marks, and their phrases its words. Training asks with the same words
    /// (<see cref="ScenePolicy.Prompt"/>).</summary>
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

        using var checkpoint = new NewCheckpoint(folder, options.Seed);
        string[] marks = [.. s_marks, .. options.Marks];
        checkpoint.WriteTokenizer(WordTokenizer.Vocabulary(options.Words, "user", "assistant", "system"), marks, WordPattern, "<|im_end|>", new JsonObject
        {
            ["tokenizer_class"] = "Qwen2Tokenizer",
            ["chat_template"] = ChatTemplate,
            ["start_image_token"] = "<img>",
            ["end_image_token"] = "</img>",
            ["context_image_token"] = "<IMG_CONTEXT>",
        });
        checkpoint.WritePreprocessor(
            new JsonObject { ["image_processor_type"] = "GotOcr2ImageProcessorFast", ["crop_to_patches"] = options.MaximumTiles > 1, ["min_patches"] = 1, ["max_patches"] = options.MaximumTiles, ["do_convert_rgb"] = true }, options.ImageSize);
        JsonObject text = checkpoint.TextConfig("qwen2", options.Width, 3 * options.Width, options.Layers, options.Heads, 2048);
        (text["architectures"], text["use_sliding_window"]) = (new JsonArray("Qwen2ForCausalLM"), false);
        checkpoint.Write("config.json", Config(options, checkpoint.MarkId(marks, "<IMG_CONTEXT>"), text));
        AddWeights(checkpoint, options);
        checkpoint.Save(PromptFile);
    }

    private static JsonObject Config(StarterOptions options, int imageToken, JsonObject text) => new()
    {
        ["architectures"] = new JsonArray("InternVLForConditionalGeneration"),
        ["model_type"] = "internvl",
        ["downsample_ratio"] = 0.5,
        ["image_seq_length"] = options.ImageSize / TokenSide * (options.ImageSize / TokenSide),
        ["image_token_id"] = imageToken,
        ["projector_hidden_act"] = "gelu",
        ["vision_feature_layer"] = -1,
        ["vision_feature_select_strategy"] = "default",
        ["tie_word_embeddings"] = true,
        ["dtype"] = "float32",
        ["text_config"] = text,
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
    private static void AddWeights(NewCheckpoint checkpoint, StarterOptions options)
    {
        int width = options.Width, side = options.ImageSize / Patch;
        const string Tower = "model.vision_tower.";
        checkpoint.AddMatrix("model.language_model.embed_tokens", checkpoint.Rows, width, 0.02);
        for (int layer = 0; layer < options.Layers; layer++)
        {
            string text = $"model.language_model.layers.{layer}.", vision = $"{Tower}encoder.layer.{layer}.";
            checkpoint.AddConstant($"{text}input_layernorm.weight", 1, width);
            checkpoint.AddConstant($"{text}post_attention_layernorm.weight", 1, width);
            foreach (string name in new[] { "q", "k", "v" })
            {
                checkpoint.AddLinear($"{text}self_attn.{name}_proj", width, width);
                checkpoint.AddLinear($"{vision}attention.{name}_proj", width, width);
            }

            checkpoint.AddMatrix($"{text}self_attn.o_proj", width, width);
            checkpoint.AddMatrix($"{text}mlp.gate_proj", 3 * width, width);
            checkpoint.AddMatrix($"{text}mlp.up_proj", 3 * width, width);
            checkpoint.AddMatrix($"{text}mlp.down_proj", width, 3 * width);
            checkpoint.AddLinear($"{vision}attention.projection_layer", width, width);
            checkpoint.AddLinear($"{vision}mlp.fc1", 4 * width, width);
            checkpoint.AddLinear($"{vision}mlp.fc2", width, 4 * width);
            foreach (string norm in new[] { "layernorm_before", "layernorm_after" })
            {
                checkpoint.AddConstant($"{vision}{norm}.weight", 1, width);
                checkpoint.AddConstant($"{vision}{norm}.bias", 0, width);
            }

            checkpoint.AddConstant($"{vision}lambda_1", 1, width);
            checkpoint.AddConstant($"{vision}lambda_2", 1, width);
        }

        checkpoint.AddConstant("model.language_model.norm.weight", 1, width);
        checkpoint.Weights.Add($"{Tower}embeddings.patch_embeddings.projection.weight", checkpoint.Normal(1 / Math.Sqrt(3 * Patch * Patch), width, 3, Patch, Patch));
        checkpoint.AddConstant($"{Tower}embeddings.patch_embeddings.projection.bias", 0, width);
        checkpoint.Weights.Add($"{Tower}embeddings.cls_token", checkpoint.Normal(0.02, 1, 1, width));
        checkpoint.Weights.Add($"{Tower}embeddings.position_embeddings", checkpoint.Normal(0.1, 1, (side * side) + 1, width));
        checkpoint.AddConstant("model.multi_modal_projector.layer_norm.weight", 1, 4 * width);
        checkpoint.AddConstant("model.multi_modal_projector.layer_norm.bias", 0, 4 * width);
        checkpoint.AddLinear("model.multi_modal_projector.linear_1", width, 4 * width);
        checkpoint.AddLinear("model.multi_modal_projector.linear_2", width, width);
    }
}

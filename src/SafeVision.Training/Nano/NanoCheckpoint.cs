using System.Text.Json.Nodes;
using SafeVision.Models;
using SafeVision.Training.Networks;
using SafeVision.Training.Starter;
using static TorchSharp.torch;

namespace SafeVision.Training.Nano;

/// <summary>Writes the checkpoint of SafeVision-Nano before it is trained: a frozen tower, and a small Llama of random weights.</summary>
internal static class NanoCheckpoint
{
    /// <summary>The marks that a policy's categories may have.</summary>
    public static IReadOnlyList<string> CategoryMarks { get; } = ["<|A|>", "<|B|>", "<|C|>", "<|D|>", "<|E|>", "<|F|>"];

    /// <summary>The mark of an image that falls under no category.</summary>
    public const string Safe = "<|SAFE|>";

    /// <summary>The mark before a reason.</summary>
    public const string Reason = "<|REASON|>";

    /// <summary>The words of questions and answers beside names.</summary>
    public static IReadOnlyList<string> Words { get; } = ["policy", "except", "list", "at", "where", "is", "check", "which", "yes", "no", "nothing", "nowhere", .. Places];

    /// <summary>The places, as the tokenizer spells them.</summary>
    public static IEnumerable<string> Places => ["top_left", "top", "top_right", "left", "center", "right", "bottom_left", "bottom", "bottom_right"];

    private const int Layers = 4;
    private const int Width = 192;
    private const int Heads = 6;
    private const int Inner = 512;
    private const int Middle = 512;

    private const string ChatTemplate =
        "{% for message in messages %}{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for content in message['content'] %}"
        + "{% if content['type'] == 'image' %}{{ '<|image|>' }}{% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|answer|>' }}{% endif %}";

    private static readonly string[] s_marks = ["<|pad|>", "<|end|>", "<|answer|>", "<|image|>", Safe, Reason];

    private static readonly int[][] s_stages = [[1, 3, 1, 1, 32, 16], [2, 3, 2, 6, 16, 24], [2, 5, 2, 6, 24, 40], [3, 3, 2, 6, 40, 80], [3, 5, 1, 6, 80, 112], [4, 5, 2, 6, 112, 192], [1, 3, 1, 6, 192, 320]];

    /// <summary>The prompts, as the engine reads them beside the model. Training asks with the same words (<see cref="NanoPolicy.Prompt"/>).</summary>
    public const string PromptFile = """
        protocol: nano
        order: imageFirst
        tokens:
          safe: <|SAFE|>
          reason: <|REASON|>
          a: <|A|>
          b: <|B|>
          c: <|C|>
          d: <|D|>
          e: <|E|>
          f: <|F|>
        maximumReasonWords: 4
        maximumReasonTokens: 6
        templates:
          fast: " policy{% for category in categories %}{{ category.token }}{% for phrase in category.includes %} {{ phrase }}{% endfor %}{% endfor %}"

        """;

    /// <summary>Writes the folder.</summary>
    public static void Write(string folder, NanoWords words, ModelPackage tower, long seed)
    {
        Directory.CreateDirectory(folder);
        string[] marks = [.. s_marks, .. CategoryMarks];
        Dictionary<string, int> vocabulary = WordTokenizer.Vocabulary([.. Words, .. words.Names.Select(NanoWords.Spelled), .. words.Groups.Select(group => NanoWords.Spelled(group.Word))]);
        int first = vocabulary.Count, rows = (first + marks.Length + 31) / 32 * 32;
        StarterCheckpoint.WriteJson(folder, "tokenizer.json", WordTokenizer.Json(vocabulary, marks, pattern: null));
        StarterCheckpoint.WriteJson(folder, "tokenizer_config.json", new JsonObject
        {
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["chat_template"] = ChatTemplate,
            ["eos_token"] = "<|end|>",
            ["pad_token"] = "<|pad|>",
            ["context_image_token"] = "<|image|>",
        });
        StarterCheckpoint.WriteJson(folder, "generation_config.json", new JsonObject { ["eos_token_id"] = first + 1, ["pad_token_id"] = first, ["do_sample"] = false });
        StarterCheckpoint.WriteJson(folder, "preprocessor_config.json", new JsonObject
        {
            ["image_processor_type"] = "EfficientNetImageProcessor",
            ["do_resize"] = true,
            ["size"] = new JsonObject { ["height"] = NanoScenes.ImageSize, ["width"] = NanoScenes.ImageSize },
            ["resample"] = 3,
            ["do_rescale"] = true,
            ["rescale_factor"] = 1.0 / 255,
            ["do_normalize"] = true,
            ["image_mean"] = new JsonArray(0.485, 0.456, 0.406),
            ["image_std"] = new JsonArray(0.229, 0.224, 0.225),
        });
        StarterCheckpoint.WriteJson(folder, "config.json", new JsonObject
        {
            ["architectures"] = new JsonArray("SafeVisionNano"),
            ["model_type"] = CellTower.ModelType,
            ["image_token_id"] = first + 3,
            ["image_seq_length"] = NanoScenes.Cells,
            ["tie_word_embeddings"] = true,
            ["dtype"] = "float32",
            ["text_config"] = new JsonObject
            {
                ["model_type"] = "llama",
                ["hidden_size"] = Width,
                ["intermediate_size"] = Inner,
                ["num_hidden_layers"] = Layers,
                ["num_attention_heads"] = Heads,
                ["num_key_value_heads"] = Heads,
                ["vocab_size"] = rows,
                ["hidden_act"] = "silu",
                ["max_position_embeddings"] = 1024,
                ["rms_norm_eps"] = 1e-6,
                ["eos_token_id"] = first + 1,
                ["pad_token_id"] = first,
                ["tie_word_embeddings"] = true,
                ["rope_parameters"] = new JsonObject { ["rope_theta"] = 10000.0, ["rope_type"] = "default" },
            },
            ["vision_config"] = new JsonObject
            {
                ["model_type"] = "efficientnet-lite",
                ["image_size"] = NanoScenes.ImageSize,
                ["stages"] = new JsonArray([.. s_stages.Select(row => (JsonNode)new JsonArray([.. row.Select(number => (JsonNode)number)]))]),
            },
        });
        File.WriteAllText(Path.Combine(folder, "safevision-prompt.yaml"), PromptFile);
        words.Write(Path.Combine(folder, "safevision-words.tsv"));
        using NetworkWeights weights = Weights(rows, tower, seed);
        weights.Save(folder);
    }

    private static NetworkWeights Weights(int rows, ModelPackage tower, long seed)
    {
        var weights = new NetworkWeights();
        TowerWeights.AddTo(weights, tower);
        using var generator = new Generator((ulong)seed);
        Matrix("model.language_model.embed_tokens", rows, Width, 0.02);
        for (int layer = 0; layer < Layers; layer++)
        {
            string name = $"model.language_model.layers.{layer}.";
            Fill($"{name}input_layernorm.weight", 1, Width);
            Fill($"{name}post_attention_layernorm.weight", 1, Width);
            Matrix($"{name}self_attn.q_proj", Width, Width);
            Matrix($"{name}self_attn.k_proj", Width, Width);
            Matrix($"{name}self_attn.v_proj", Width, Width);
            Matrix($"{name}self_attn.o_proj", Width, Width, 0.5 / Math.Sqrt(Width));
            Matrix($"{name}mlp.gate_proj", Inner, Width);
            Matrix($"{name}mlp.up_proj", Inner, Width);
            Matrix($"{name}mlp.down_proj", Width, Inner, 0.5 / Math.Sqrt(Inner));
        }

        Fill("model.language_model.norm.weight", 1, Width);
        Fill($"{CellTower.Projector}mean", 0, NanoScenes.Width);
        Fill($"{CellTower.Projector}scale", 1, NanoScenes.Width);
        Linear($"{CellTower.Projector}linear_1", Middle, NanoScenes.Width);
        Linear($"{CellTower.Projector}linear_2", Width, Middle);

        // A place is its row and its column, so that what is learnt of one cell of a row helps the others.
        Tensor rowsOf = randn(7, 1, Width, generator: generator) * 0.35, columns = randn(1, 7, Width, generator: generator) * 0.35;
        weights.Add($"{CellTower.Projector}position_embeddings", (rowsOf + columns).reshape(NanoScenes.Cells, Width));
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
}

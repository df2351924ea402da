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
    private const int Heads = 3; // of 64 numbers: a word finds its image token by what both mean, for which 32 are too few
    private const double RotaryBase = 1e8; // what turns with the distance can't be compared across an image's tokens: three in four pairs of numbers stand still
    private const int Inner = 512;
    private const int Middle = 512;
    private const int Frequencies = 3;

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
        using var checkpoint = new NewCheckpoint(folder, seed);
        string[] marks = [.. s_marks, .. CategoryMarks];
        Dictionary<string, int> vocabulary = WordTokenizer.Vocabulary([.. Words, .. words.Names.Select(NanoWords.Spelled), .. words.Groups.Select(group => NanoWords.Spelled(group.Word))]);
        checkpoint.WriteTokenizer(vocabulary, marks, pattern: null, "<|end|>", new JsonObject { ["tokenizer_class"] = "PreTrainedTokenizerFast", ["chat_template"] = ChatTemplate, ["context_image_token"] = "<|image|>" });
        checkpoint.WritePreprocessor(new JsonObject { ["image_processor_type"] = "EfficientNetImageProcessor" }, NanoScenes.ImageSize);
        checkpoint.Write("config.json", new JsonObject
        {
            ["architectures"] = new JsonArray("SafeVisionNano"),
            ["model_type"] = CellTower.ModelType,
            ["image_token_id"] = checkpoint.MarkId(marks, "<|image|>"),
            ["image_seq_length"] = NanoScenes.Cells,
            ["tie_word_embeddings"] = true,
            ["dtype"] = "float32",
            ["text_config"] = checkpoint.TextConfig("llama", Width, Inner, Layers, Heads, 1024, RotaryBase),
            ["vision_config"] = new JsonObject
            {
                ["model_type"] = "efficientnet-lite",
                ["image_size"] = NanoScenes.ImageSize,
                ["looks"] = new JsonArray(new JsonArray(416, 0), new JsonArray(320, 1)),
                ["stages"] = new JsonArray([.. s_stages.Select(row => (JsonNode)new JsonArray([.. row.Select(number => (JsonNode)number)]))]),
            },
        });
        words.Write(Path.Combine(folder, "safevision-words.tsv"));
        TowerWeights.AddTo(checkpoint.Weights, tower);
        AddWeights(checkpoint);
        checkpoint.Save(PromptFile);
    }

    private static void AddWeights(NewCheckpoint checkpoint)
    {
        checkpoint.AddMatrix("model.language_model.embed_tokens", checkpoint.Rows, Width, 0.02);
        for (int layer = 0; layer < Layers; layer++)
        {
            string name = $"model.language_model.layers.{layer}.";
            checkpoint.AddConstant($"{name}input_layernorm.weight", 1, Width);
            checkpoint.AddConstant($"{name}post_attention_layernorm.weight", 1, Width);
            checkpoint.AddMatrix($"{name}self_attn.q_proj", Width, Width);
            checkpoint.AddMatrix($"{name}self_attn.k_proj", Width, Width);
            checkpoint.AddMatrix($"{name}self_attn.v_proj", Width, Width);
            checkpoint.AddMatrix($"{name}self_attn.o_proj", Width, Width, 0.5 / Math.Sqrt(Width));
            checkpoint.AddMatrix($"{name}mlp.gate_proj", Inner, Width);
            checkpoint.AddMatrix($"{name}mlp.up_proj", Inner, Width);
            checkpoint.AddMatrix($"{name}mlp.down_proj", Width, Inner, 0.5 / Math.Sqrt(Inner));
        }

        checkpoint.AddConstant("model.language_model.norm.weight", 1, Width);
        checkpoint.AddConstant($"{CellTower.Projector}mean", 0, NanoScenes.Width);
        checkpoint.AddConstant($"{CellTower.Projector}scale", 1, NanoScenes.Width);
        checkpoint.AddLinear($"{CellTower.Projector}linear_1", Middle, NanoScenes.Width);
        checkpoint.AddLinear($"{CellTower.Projector}linear_2", Width, Middle);

        // A place is its row and its column as smooth waves: a thing lies on several cells, and the mean of their places is its own.
        Tensor waves = Waves(), rowsOf = matmul(waves, checkpoint.Normal(1, Frequencies * 2, Width)).unsqueeze(1), columns = matmul(waves, checkpoint.Normal(1, Frequencies * 2, Width)).unsqueeze(0);
        checkpoint.Weights.Add($"{CellTower.Projector}position_embeddings", rowsOf.Plus(columns).reshape(NanoScenes.Cells, Width));
    }

    /// <summary>[side, 2 x frequencies]: half a wave across the image, one, and two; 0.5 root mean square once rows and columns are added.</summary>
    private static Tensor Waves()
    {
        const int Side = NanoScenes.Side;
        return tensor([.. Enumerable.Range(0, Side).SelectMany(cell => Enumerable.Range(0, Frequencies).Select(i => Math.PI * (1 << i) * (((cell + 0.5) / Side) - 0.5))
            .SelectMany(angle => new[] { (float)(0.2 * Math.Sin(angle)), (float)(0.2 * Math.Cos(angle)) }))], [Side, Frequencies * 2]);
    }
}

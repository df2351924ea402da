namespace SafeVision.Training.Networks;

/// <summary>A checkpoint of a small model in the layout of transformers, as it is put together: files of JSON, and tensors that
/// start from one seed in the order in which they are added.</summary>
internal sealed class NewCheckpoint : IDisposable
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    private readonly string _folder;
    private readonly Generator _generator;
    private int _first, _end;

    public NewCheckpoint(string folder, long seed)
    {
        Directory.CreateDirectory(folder);
        (_folder, _generator) = (folder, new Generator((ulong)seed));
    }

    public NetworkWeights Weights { get; } = new();

    /// <summary>Rows of the embedding, a multiple of 32; known once the tokenizer is written.</summary>
    public int Rows { get; private set; }

    public void Write(string name, JsonObject content) => File.WriteAllText(Path.Combine(_folder, name), content.ToJsonString(s_indented));

    /// <summary>Writes what reads and ends text.</summary>
    /// <param name="vocabulary">Words and their ids; the ids of the marks follow.</param>
    /// <param name="marks">Control tokens; the first one pads.</param>
    /// <param name="config">The rest of tokenizer_config.json.</param>
    public void WriteTokenizer(Dictionary<string, int> vocabulary, string[] marks, string? pattern, string end, JsonObject config)
    {
        _first = vocabulary.Count;
        _end = MarkId(marks, end);
        Rows = (_first + marks.Length + 31) / 32 * 32;
        (config["eos_token"], config["pad_token"]) = (end, marks[0]);
        Write("tokenizer.json", WordTokenizer.Json(vocabulary, marks, pattern));
        Write("tokenizer_config.json", config);
        Write("generation_config.json", new JsonObject { ["eos_token_id"] = _end, ["pad_token_id"] = _first, ["do_sample"] = false });
    }

    public int MarkId(string[] marks, string mark) => _first + Array.IndexOf(marks, mark);

    /// <summary>Writes how an image becomes a square of numbers, bicubic and with the means of ImageNet.</summary>
    public void WritePreprocessor(JsonObject content, int side)
    {
        content["do_resize"] = true;
        content["size"] = new JsonObject { ["height"] = side, ["width"] = side };
        content["resample"] = 3;
        content["do_rescale"] = true;
        content["rescale_factor"] = 1.0 / 255;
        content["do_normalize"] = true;
        content["image_mean"] = new JsonArray(0.485, 0.456, 0.406);
        content["image_std"] = new JsonArray(0.229, 0.224, 0.225);
        Write("preprocessor_config.json", content);
    }

    /// <summary>The <c>text_config</c> of a Llama-shaped decoder whose embedding is its head too.</summary>
    public JsonObject TextConfig(string modelType, int width, int inner, int layers, int heads, int positions, double rotaryBase = 10_000) => new()
    {
        ["model_type"] = modelType,
        ["hidden_size"] = width,
        ["intermediate_size"] = inner,
        ["num_hidden_layers"] = layers,
        ["num_attention_heads"] = heads,
        ["num_key_value_heads"] = heads,
        ["vocab_size"] = Rows,
        ["hidden_act"] = "silu",
        ["max_position_embeddings"] = positions,
        ["rms_norm_eps"] = 1e-6,
        ["eos_token_id"] = _end,
        ["pad_token_id"] = _first,
        ["tie_word_embeddings"] = true,
        ["rope_parameters"] = new JsonObject { ["rope_theta"] = rotaryBase, ["rope_type"] = "default" },
    };

    /// <summary>Numbers from a normal distribution around 0.</summary>
    public Tensor Normal(double deviation, params long[] shape) => randn(shape, generator: _generator).Scale(deviation);

    /// <summary>Adds <c>NAME.weight</c> of [outputs, inputs], by default with the deviation of its fan-in.</summary>
    public void AddMatrix(string name, int outputs, int inputs, double? deviation = null) => Weights.Add($"{name}.weight", Normal(deviation ?? 1 / Math.Sqrt(inputs), outputs, inputs));

    /// <summary>Adds a matrix and a bias of 0.</summary>
    public void AddLinear(string name, int outputs, int inputs)
    {
        AddMatrix(name, outputs, inputs);
        AddConstant($"{name}.bias", 0, outputs);
    }

    public void AddConstant(string name, float value, int length)
    {
        float[] values = new float[length];
        Array.Fill(values, value);
        Weights.Add(name, tensor(values));
    }

    /// <summary>Writes the tensors and the prompts that the engine reads beside them.</summary>
    public void Save(string promptFile)
    {
        File.WriteAllText(Path.Combine(_folder, "safevision-prompt.yaml"), promptFile);
        Weights.Save(_folder);
    }

    public void Dispose()
    {
        Weights.Dispose();
        _generator.Dispose();
    }
}

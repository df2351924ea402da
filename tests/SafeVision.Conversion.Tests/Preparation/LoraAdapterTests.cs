using System.Text.Json;
using System.Text.Json.Nodes;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Preparation;
using SafeVision.Conversion.Tests.Checkpoints;
using SafeVision.Conversion.Tests.Families.VisionLanguage;
using SafeVision.Conversion.Verification;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.Conversion.Tests.Preparation;

/// <summary>Adapters merged as the peft library merges them (goldens of peft 0.21.2).</summary>
public sealed class LoraAdapterTests
{
    private const string Module = "model.layers.0.self_attn.q_proj";

    [Theory]
    [InlineData("qkvo")]
    [InlineData("pattern")]
    public void A_merged_weight_is_the_reference_s(string adapter)
    {
        using SafetensorsFile goldens = SafetensorsFile.Open(Fixture.PathOf("lora/forward.safetensors"));
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Fixture.PathOf("lora/base"));
        using LoraAdapter lora = LoraAdapter.Open(Fixture.PathOf($"lora/adapter-{adapter}"));
        lora.MergeInto(checkpoint);
        string prefix = $"merged.{adapter}.";
        string[] names = [.. goldens.Tensors.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];
        Assert.Equal(4, names.Length);
        foreach (string name in names)
        {
            RequireEqual(goldens.Tensors[name].ToSingle(), WeightMatrix.From(checkpoint.Tensors[name[prefix.Length..]]));
            RequireEqual(goldens.Tensors[name].ToSingle(), WeightMatrix.From(checkpoint.Tensors[name[prefix.Length..]].Rename("other")));
            Assert.Equal(WeightMatrix.From(checkpoint.Tensors[name[prefix.Length..]]).ToArray(), checkpoint.Tensors[name[prefix.Length..]].ToSingle());
        }
    }

    [Theory]
    [InlineData("qkvo")]
    [InlineData("all")]
    [InlineData("rslora")]
    [InlineData("pattern")]
    public void The_merged_model_says_what_the_reference_says(string adapter)
    {
        using SafetensorsFile goldens = SafetensorsFile.Open(Fixture.PathOf("lora/forward.safetensors"));
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Fixture.PathOf("lora/base"));
        using LoraAdapter lora = LoraAdapter.Open(Fixture.PathOf($"lora/adapter-{adapter}"));
        lora.MergeInto(checkpoint);
        TextDecoder decoder = Read(checkpoint, CheckpointFile.ReadObject(Fixture.PathOf("lora/base/config.json")));
        lora.RequireUse();
        float[] table = decoder.Embedding.ToArray(), ids = goldens.Tensors["input_ids"].ToSingle(), mask = goldens.Tensors["attention_mask"].ToSingle();
        float[] expected = goldens.Tensors[$"logits.{adapter}.merged"].ToSingle(), plain = goldens.Tensors["logits.base"].ToSingle();
        int rows = goldens.Tensors["input_ids"].Shape[0], length = ids.Length / rows, hidden = decoder.Shape.Hidden, vocabulary = decoder.Shape.Vocabulary;
        for (int row = 0; row < rows; row++)
        {
            int first = row * length, count = (int)mask.AsSpan(first, length).ToArray().Sum();
            float[] embeddings = [.. ids[first..(first + count)].SelectMany(id => table[((int)id * hidden)..(((int)id + 1) * hidden)])];
            float[] logits = ReferenceDecoder.Logits(decoder, ReferenceDecoder.Run(decoder, embeddings, decoder.Layers.Count, () => { }, CancellationToken.None));
            Range places = (first * vocabulary)..((first + count) * vocabulary);
            Numbers.Close(expected[places], logits, 2e-5f);
            Assert.Contains(plain[places].Zip(logits), pair => Math.Abs(pair.First - pair.Second) > 0.01); // the adapter changes something
        }
    }

    [Fact]
    public void A_joined_matrix_is_merged_before_it_is_parted()
    {
        using var folder = new TemporaryFolder();
        using SafetensorsFile packed = SafetensorsFile.Open(Fixture.PathOf("lora/packed-wqkv.safetensors"));
        Write(folder.PathOf("base/model.safetensors"), ("language_model.model.layers.0.attention.wqkv.weight", packed.Tensors["attention.wqkv.weight"]));
        Write(
            folder.PathOf("adapter/adapter_model.safetensors"),
            ("base_model.model.model.layers.0.attention.wqkv.lora_A.weight", packed.Tensors["attention.wqkv.lora_A.weight"]), // trained on the language model alone
            ("base_model.model.model.layers.0.attention.wqkv.lora_B.weight", packed.Tensors["attention.wqkv.lora_B.weight"]));
        File.WriteAllText(folder.PathOf("adapter/adapter_config.json"), """{"peft_type": "LORA", "r": 4, "lora_alpha": 8}""");
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder.PathOf("base"));
        using LoraAdapter lora = LoraAdapter.Open(folder.PathOf("adapter"));
        lora.MergeInto(checkpoint);
        float[] merged = packed.Tensors["merged"].ToSingle();
        WeightMatrix matrix = WeightMatrix.From(checkpoint.Tensors["language_model.model.layers.0.attention.wqkv.weight"]);
        RequireEqual(merged, matrix);
        RequireEqual(merged[(24 * 32)..(40 * 32)], WeightMatrix.Stack("parts", matrix.Slice("a", 24, 8), matrix.Slice("b", 32, 8)));
    }

    [Fact]
    public async Task A_model_converted_with_an_adapter_is_the_model_converted_from_merged_weights()
    {
        using var folder = new TemporaryFolder();
        const string Layer = "language_model.model.layers.1.", Tower = "vision_model.encoder.layers.0.";
        string source = Fixture.PathOf("vlm/internvl-internlm2-orig");
        var random = new Random(17);
        string[] names = [$"{Layer}attention.wqkv", $"{Layer}feed_forward.w2", $"{Tower}attn.qkv", $"{Tower}mlp.fc1"];
        var adapter = new List<(string Name, int[] Shape, float[] Values)>();
        var whole = new List<(string Name, int[] Shape, float[] Values)>();
        using (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(source))
        {
            foreach ((string name, StoredTensor tensor) in checkpoint.Tensors)
            {
                float[] values = tensor.ToSingle();
                if (names.Contains(name.Replace(".weight", "", StringComparison.Ordinal)) && name.EndsWith(".weight", StringComparison.Ordinal))
                {
                    (int rows, int columns) = (tensor.Shape[0], tensor.Shape[1]);
                    float[] down = Noise(3 * columns, 0.3), up = Noise(rows * 3, 0.3);
                    string module = name[..^".weight".Length];
                    adapter.Add(($"base_model.model.{module}.lora_A.weight", [3, columns], down));
                    adapter.Add(($"base_model.model.{module}.lora_B.weight", [rows, 3], up));
                    for (int i = 0; i < values.Length; i++)
                    {
                        double sum = Enumerable.Range(0, 3).Sum(k => (double)up[(i / columns * 3) + k] * down[(k * columns) + (i % columns)]);
                        values[i] += (float)(2 * sum);
                    }
                }
                else if (name == "language_model.model.norm.weight")
                {
                    values = [.. values.Select(value => value * 1.5f)];
                    adapter.Add(($"base_model.model.{name}", [.. tensor.Shape], values)); // modules_to_save
                }

                whole.Add((name, [.. tensor.Shape], values));
            }
        }

        Assert.Equal((2 * names.Length) + 1, adapter.Count);
        foreach (string path in Directory.EnumerateFiles(source).Where(path => !Path.GetFileName(path).StartsWith("model", StringComparison.Ordinal)))
        {
            Directory.CreateDirectory(folder.PathOf("merged"));
            File.Copy(path, folder.PathOf($"merged/{Path.GetFileName(path)}"));
        }

        File.WriteAllBytes(folder.PathOf("merged/model.safetensors"), SafetensorsBytes.Create(whole));
        Directory.CreateDirectory(folder.PathOf("adapter"));
        File.WriteAllBytes(folder.PathOf("adapter/adapter_model.safetensors"), SafetensorsBytes.Create(adapter));
        File.WriteAllText(folder.PathOf("adapter/adapter_config.json"), """{"peft_type": "LORA", "r": 3, "lora_alpha": 6, "modules_to_save": ["norm"]}""");
        ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions { Source = source, Destination = folder.PathOf("a"), Adapter = folder.PathOf("adapter") });
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = folder.PathOf("merged"), Destination = folder.PathOf("b") });
        Assert.Equal("5 tensors", result.Manifest.Converted!.Options["adapter"]);
        Assert.Contains("adapter_model.safetensors", result.Manifest.Converted.SourceFiles.Keys);
        using ConvertedModel first = new(folder.PathOf("a")), second = new(folder.PathOf("b"));
        Golden pixels = new([1, 3, 56, 56], Noise(3 * 56 * 56, 2));
        Numbers.Close(second.Features(pixels), first.Features(pixels), 1e-4f);
        long[] ids = [1, 300, 7, 12];
        float[] embeddings = first.Embed(ids);
        using ConvertedModel.Step a = first.Decode(embeddings, [[1, 1, 1, 1]], null, 0), b = second.Decode(embeddings, [[1, 1, 1, 1]], null, 0);
        Numbers.Close(b.Logits, a.Logits, 1e-4f);

        float[] Noise(int count, double size) => [.. Enumerable.Range(0, count).Select(_ => (float)(((random.NextDouble() * 2) - 1) * size))];
    }

    public static TheoryData<string, string> Unsound => new()
    {
        { """{"use_dora": true}""", "'use_dora' is set" },
        { """{"peft_type": "LOHA"}""", "the kind 'LOHA'" },
        { """{"bias": "all"}""", "bias is 'all'" },
        { """{"init_lora_weights": "pissa_niter_4"}""", "changes the base weights before training" },
        { """{"layer_replication": [[0, 1]]}""", "'layer_replication' is set" },
        { """{"target_parameters": ["x"]}""", "'target_parameters' is set" },
        { """{"trainable_token_indices": [3, 3]}""", "expected the ids of at most" },
        { """{"trainable_token_indices": {"embed_tokens": [-1]}}""", "'trainable_token_indices.embed_tokens[0]' is -1" },
        { """{"trainable_token_indices": 3}""", "'trainable_token_indices' is 3; expected an object" },
        { """{"r": 8}""", "the rank 8, but its matrices have the rank 4" },
        { """{"r": 0}""", "'r' is 0; expected a whole number" },
        { """{"lora_alpha": null}""", "'lora_alpha' is missing" },
        { """{"rank_pattern": {"(": 4}}""", "no regular expression" },
        { """{"rank_pattern": {"q_proj": 3}}""", "the rank 3" },
        { """{"alpha_pattern": {"q_proj": "many"}}""", "'alpha_pattern.q_proj' is" },
        { """{"alpha_pattern": {"(((.*)*)*)*x": 2}}""", "takes too long" },
    };

    [Theory]
    [MemberData(nameof(Unsound))]
    public void A_configuration_that_says_something_else_is_refused_by_name(string change, string message)
    {
        using var folder = new TemporaryFolder();
        JsonObject config = JsonNode.Parse("""{"peft_type": "LORA", "r": 4, "lora_alpha": 8}""")!.AsObject();
        foreach ((string name, JsonNode? value) in JsonNode.Parse(change)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }

        Refuse(folder, config.ToJsonString(), Tensors((Module, 4, 32, 32)), message);
    }

    [Fact]
    public void Tensors_that_fit_nothing_are_refused_by_name()
    {
        const string Config = """{"peft_type": "LORA", "r": 4, "lora_alpha": 8}""";
        (string Name, int[] Shape, float[] Values)[] sound = Tensors((Module, 4, 32, 32));
        Check([.. Tensors(("model.layers.7.self_attn.q_proj", 4, 32, 32))], "changes 'model.layers.7.self_attn.q_proj.weight'");
        Check([.. Tensors((Module, 4, 16, 32))], "whose product is no change of");
        Check([.. Tensors((Module, 4, 32, 33))], "whose product is no change of");
        Check([sound[0]], "is half of a product");
        Check([sound[1]], "is half of a product");
        Check([], "has no tensors");
        Check([sound[0], (sound[1].Name, sound[1].Shape, [.. sound[1].Values[..^1], float.NaN])], "is not finite, in row 31");
        Check([.. sound, ($"base_model.model.{Module}.lora_magnitude_vector.weight", [32], new float[32])], "belongs to DoRA");
        Check([.. sound, ("base_model.model.model.embed_tokens.lora_embedding_A", [4, 96], new float[4 * 96])], "adapts an embedding table");
        Check([.. sound, ($"base_model.model.{Module}.lora_C.weight", [32], new float[32])], "is of no kind that is known");
        Check([.. sound, ("model.norm.weight", [32], new float[32])], "does not begin with 'base_model.model.'");
        Check([.. sound, ("base_model.model.model.embed_tokens.weight", [95, 32], new float[95 * 32])], "has the shape [95, 32], but 'model.embed_tokens.weight' has [96, 32]");
        Check([.. sound, ("base_model.model.model.embed_tokens.weight", [107, 31], new float[107 * 31])], "has the shape [107, 31]");
        Check([.. sound, ("base_model.model.model.layers.0.mlp.up_proj.weight", [107, 32], new float[107 * 32])], "has the shape [107, 32]");
        Check(
            [("base_model.model.lm_head.weight", [107, 32], new float[107 * 32]), ("base_model.model.model.embed_tokens.weight", [108, 32], new float[108 * 32])],
            "has rows for 108 tokens, but another table of the adapter has 107");
        Check([.. sound, (Rows("embed_tokens"), [2, 32], new float[64])], "does not say of which");
        Check([.. sound, ("base_model.model.model.embed_tokens.token_adapter.base_layer.weight", [96, 32], new float[96 * 32])], "is a whole table beside rows of it");
        Check([.. sound, ("base_model.model.model.norm.weight", [32], [.. Enumerable.Repeat(float.PositiveInfinity, 32)])], "is not finite");
        Check([.. sound, .. Tensors(("layers.0.self_attn.q_proj", 4, 32, 32))], "which another tensor of the adapter changes already");

        void Check((string Name, int[] Shape, float[] Values)[] tensors, string message)
        {
            using var folder = new TemporaryFolder();
            Refuse(folder, Config, tensors, message);
        }
    }

    [Theory]
    [InlineData("[7, 2, 95]")]
    [InlineData("""{"lm_head": [1], "embed_tokens": [7, 2, 95]}""")]
    public void Tokens_that_were_trained_alone_have_their_new_rows(string tokens)
    {
        using var folder = new TemporaryFolder();
        float[] rows = [.. Enumerable.Range(0, 3 * 32).Select(i => i / 100f)];
        Write(folder, $$"""{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "trainable_token_indices": {{tokens}}}""", [(Rows("embed_tokens"), [3, 32], rows)]);
        using SafetensorsCheckpoint plain = SafetensorsCheckpoint.Open(Fixture.PathOf("lora/base")), checkpoint = SafetensorsCheckpoint.Open(Fixture.PathOf("lora/base"));
        using LoraAdapter lora = LoraAdapter.Open(folder.Root);
        lora.MergeInto(checkpoint);
        float[] expected = WeightMatrix.From(plain.Tensors["model.embed_tokens.weight"]).ToArray();
        rows.AsSpan(0, 32).CopyTo(expected.AsSpan(7 * 32));
        rows.AsSpan(32, 32).CopyTo(expected.AsSpan(2 * 32));
        rows.AsSpan(64, 32).CopyTo(expected.AsSpan(95 * 32));
        WeightMatrix table = WeightMatrix.From(checkpoint.Tensors["model.embed_tokens.weight"]);
        Assert.Equal(expected, table.ToArray());
        Assert.Equal(expected[(6 * 32)..(9 * 32)], table.Slice("part", 6, 3).ToArray());
    }

    [Theory]
    [InlineData("[7, 2]", 3, "which are no rows of 2 tokens")]
    [InlineData("[7, 2, 96]", 3, "changes the row of token 96, but 'model.embed_tokens.weight' has 96 rows")]
    public void Rows_that_are_not_of_the_table_s_tokens_are_refused(string tokens, int rows, string message)
    {
        using var folder = new TemporaryFolder();
        Refuse(folder, $$"""{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "trainable_token_indices": {{tokens}}}""", [(Rows("embed_tokens"), [rows, 32], new float[rows * 32])], message);
    }

    [Fact]
    public async Task Tables_that_grew_before_training_make_the_vocabulary_longer()
    {
        using var folder = new TemporaryFolder();
        string whole = Fixture.PathOf("vlm/internvl-llama-hf");
        int ids = TextTokenizer.Open(whole).VocabularySize, kept = ids - 5;
        (string Name, int[] Shape, float[] Values)[] tables = Cut(folder, whole, kept);
        Write(folder.PathOf("adapter"), """{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "modules_to_save": ["embed_tokens", "lm_head"]}""", tables);
        ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("model"), Adapter = folder.PathOf("adapter") });
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = whole, Destination = folder.PathOf("whole") });
        Assert.Equal(("672 rows of the adapter", "2 tensors"), (result.Manifest.Converted!.Options["vocabulary"], result.Manifest.Converted.Options["adapter"]));
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(folder.PathOf("model/config.json")));
        Assert.Equal(672, config.RootElement.GetProperty("text_config").GetProperty("vocab_size").GetInt32());
        foreach (string graph in new[] { "decoder_model_merged", "embed_tokens", "vision_encoder" })
        {
            Assert.Equal(File.ReadAllBytes(folder.PathOf($"whole/onnx/{graph}.onnx")), File.ReadAllBytes(folder.PathOf($"model/onnx/{graph}.onnx")));
        }
    }

    [Fact]
    public async Task Trained_rows_are_given_to_no_other_tokens()
    {
        using var folder = new TemporaryFolder();
        string whole = Fixture.PathOf("vlm/internvl-llama-hf");
        (string Name, int[] Shape, float[] Values)[] tables = Cut(folder, whole, TextTokenizer.Open(whole).VocabularySize);
        const string Config = """{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "modules_to_save": ["embed_tokens", "lm_head"]}""";
        Write(folder.PathOf("adapter"), Config, tables);
        await RefusesAsync(folder.PathOf("source"), [], "so the rows are not its tokens'");

        Write(folder.PathOf("adapter"), Config, [tables[0]]);
        await RefusesAsync(whole, [new NewToken("<|Gambling|>", "Gambling")], "so that new tokens can't be added too");

        async Task RefusesAsync(string source, IReadOnlyList<NewToken> tokens, string message)
        {
            CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(
                new ConversionOptions { Source = source, Destination = folder.PathOf("model"), Adapter = folder.PathOf("adapter"), NewTokens = tokens }));
            Assert.Contains(message, exception.Message, StringComparison.Ordinal);
            Assert.Contains("Copy the tokenizer's files", exception.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Writes a checkpoint with fewer tokens than the fixture has, and returns the fixture's tables as an adapter names them.</summary>
    private static (string Name, int[] Shape, float[] Values)[] Cut(TemporaryFolder folder, string whole, int rows)
    {
        Directory.CreateDirectory(folder.PathOf("source"));
        foreach (string path in Directory.EnumerateFiles(whole))
        {
            File.Copy(path, folder.PathOf($"source/{Path.GetFileName(path)}"));
        }

        JsonNode config = JsonNode.Parse(File.ReadAllText(folder.PathOf("source/config.json")))!;
        config["text_config"]!["vocab_size"] = rows;
        File.WriteAllText(folder.PathOf("source/config.json"), config.ToJsonString());
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(whole);
        (string Name, int[] Shape, float[] Values)[] all = [.. checkpoint.Tensors.Select(tensor => (tensor.Key, tensor.Value.Shape.ToArray(), tensor.Value.ToSingle()))];
        bool IsTable(string name) => name.EndsWith("embed_tokens.weight", StringComparison.Ordinal) || name.EndsWith("lm_head.weight", StringComparison.Ordinal);
        File.WriteAllBytes(folder.PathOf("source/model.safetensors"), SafetensorsBytes.Create(all.Select(tensor =>
            IsTable(tensor.Name) ? (tensor.Name, [rows, tensor.Shape[1]], tensor.Values[..(rows * tensor.Shape[1])]) : tensor)));
        return [.. all.Where(tensor => IsTable(tensor.Name)).Select(tensor => ($"base_model.model.{tensor.Name}", tensor.Shape, tensor.Values))];
    }

    /// <summary>A language model that is alone.</summary>
    private static TextDecoder Read(SafetensorsCheckpoint checkpoint, Files.JsonValue config)
    {
        checkpoint.Spell(name => name.StartsWith("model.", StringComparison.Ordinal) ? $"model.language_model.{name["model.".Length..]}" : name);
        return TextDecoders.Read(checkpoint, new TextSettings(config));
    }

    private static string Rows(string table) => $"base_model.model.model.{table}.token_adapter.trainable_tokens_delta";

    [Fact]
    public void A_change_that_the_network_does_not_use_is_refused()
    {
        using var folder = new TemporaryFolder();
        Write(folder, """{"peft_type": "LORA", "r": 4, "lora_alpha": 8}""", Tensors(("lm_head", 4, 96, 32)));
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Fixture.PathOf("lora/base"));
        using LoraAdapter lora = LoraAdapter.Open(folder.Root);
        lora.MergeInto(checkpoint);
        JsonObject config = JsonNode.Parse(File.ReadAllText(Fixture.PathOf("lora/base/config.json")))!.AsObject();
        config["tie_word_embeddings"] = true; // so the head of the file stays unread
        Read(checkpoint, Fixture.Config(config.ToJsonString()));
        Assert.Contains("changes 'lm_head.weight', which the network does not use", Assert.Throws<CheckpointException>(lora.RequireUse).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_an_adapter_says_what_is_missing()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no adapter_config.json", Assert.Throws<CheckpointException>(() => LoraAdapter.Open(folder.Root)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder.PathOf("adapter_config.json"), """{"peft_type": "LORA", "r": 4, "lora_alpha": 8}""");
        Assert.Contains("a pickle", Assert.Throws<CheckpointException>(() => LoraAdapter.Open(folder.Root)).Message, StringComparison.Ordinal);
    }

    private static void Refuse(TemporaryFolder folder, string config, (string Name, int[] Shape, float[] Values)[] tensors, string message)
    {
        Write(folder, config, tensors);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Fixture.PathOf("lora/base"));
        CheckpointException exception = Assert.Throws<CheckpointException>(() =>
        {
            using LoraAdapter lora = LoraAdapter.Open(folder.Root);
            lora.MergeInto(checkpoint);
        });
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Contains(folder.Root, exception.Message, StringComparison.Ordinal);
    }

    private static (string Name, int[] Shape, float[] Values)[] Tensors(params (string Module, int Rank, int Rows, int Columns)[] modules) =>
    [
        .. modules.SelectMany(module => new[]
        {
            ($"base_model.model.{module.Module}.lora_A.weight", new[] { module.Rank, module.Columns }, new float[module.Rank * module.Columns]),
            ($"base_model.model.{module.Module}.lora_B.weight", [module.Rows, module.Rank], new float[module.Rows * module.Rank]),
        }),
    ];

    private static void Write(TemporaryFolder folder, string config, (string Name, int[] Shape, float[] Values)[] tensors) => Write(folder.Root, config, tensors);

    private static void Write(string folder, string config, (string Name, int[] Shape, float[] Values)[] tensors)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), config);
        File.WriteAllBytes(Path.Combine(folder, "adapter_model.safetensors"), SafetensorsBytes.Create(tensors));
    }

    private static void Write(string path, params (string Name, StoredTensor Tensor)[] tensors)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, SafetensorsBytes.Create(tensors.Select(tensor => (tensor.Name, tensor.Tensor.Shape.ToArray(), tensor.Tensor.ToSingle()))));
    }

    private static void RequireEqual(float[] expected, WeightMatrix actual)
    {
        float[] values = actual.ToArray();
        Assert.Equal(expected.Length, values.Length);
        float size = expected.Max(Math.Abs);
        Assert.All(expected.Zip(values), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1e-6f * size));
    }
}

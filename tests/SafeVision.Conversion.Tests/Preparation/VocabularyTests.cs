using System.Text.Json;
using System.Text.Json.Nodes;
using SafeVision.Assessments;
using SafeVision.Conversion.Tests.Families.VisionLanguage;
using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Policies;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.Conversion.Tests.Preparation;

/// <summary>Tokens added to checkpoints that lack the paper's: the fixtures without theirs.</summary>
public sealed class VocabularyTests
{
    private static readonly NewToken[] s_many = [.. Enumerable.Range(0, 40).Select(i => new NewToken($"<|Mark_{i}|>", $"mark {i}"))];

    /// <summary>Untied in tokenizer.json, tied in float16, SentencePiece with its tokens beside it, vocab.json with merges.txt.</summary>
    public static TheoryData<string, string?> Checkpoints => new()
    {
        { "smolvlm-tiny", "text_config" },
        { "qwen2vl-tiny", null },
        { "internvl-internlm2-orig", "llm_config" },
        { "internvl-qwen2-orig", "llm_config" },
    };

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public async Task The_paper_s_tokens_take_the_rows_that_pad_the_vocabulary_and_nothing_else_changes(string checkpoint, string? part)
    {
        using var folder = new TemporaryFolder();
        await ConvertAsync(folder, checkpoint, NewToken.SafeVision);
        TextTokenizer before = TextTokenizer.Open(folder.PathOf("source")), after = TextTokenizer.Open(folder.PathOf("new"));
        Assert.Equal(before.VocabularySize + 11, after.VocabularySize);
        Assert.Equal(Vocabulary(folder.PathOf("source"), part), Vocabulary(folder.PathOf("new"), part));
        Assert.Equal("instruct", GuardProtocols.Guess(before).Name);
        Assert.Equal("safevision", GuardProtocols.Guess(after).Name);
        Check(folder, before, after, NewToken.SafeVision, Vocabulary(folder.PathOf("new"), part));
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public async Task More_tokens_than_that_make_the_vocabulary_longer_and_the_old_logits_stay_bit_for_bit(string checkpoint, string? part)
    {
        using var folder = new TemporaryFolder();
        NewToken[] tokens = [.. NewToken.SafeVision, .. s_many];
        await ConvertAsync(folder, checkpoint, tokens);
        TextTokenizer before = TextTokenizer.Open(folder.PathOf("source")), after = TextTokenizer.Open(folder.PathOf("new"));
        int rows = before.VocabularySize + tokens.Length;
        Assert.True(rows > Vocabulary(folder.PathOf("source"), part));
        Assert.Equal(rows, Vocabulary(folder.PathOf("new"), part));
        Check(folder, before, after, tokens, rows);
    }

    [Fact]
    public async Task The_engine_judges_by_the_new_tokens()
    {
        using var folder = new TemporaryFolder();
        await ConvertAsync(folder, "internvl-qwen2-orig", NewToken.SafeVision);
        using var sessions = new SessionCache();
        var engine = new VisionLanguageEngine(folder.PathOf("new"), new VisionLanguageEngineOptions { Mode = VisionLanguageMode.Fast }, new EngineContext(sessions, new ExecutionOptions()));
        SafetyPolicy policy = SafetyPolicy.Define("two", "1").Category(HarmCategory.Sexual).Category(HarmCategory.Self_Harm).Build();
        await using ICompiledPolicy compiled = await engine.CompileAsync(policy, TestContext.Current.CancellationToken);
        using DecodedImage image = await new SkiaImageDecoder().DecodeAsync(
            ImageSource.FromFile(Fixture.PathOf("vlm/preprocess/images/text-1200x200.png")), new ImageDecodeOptions(), TestContext.Current.CancellationToken);
        FrameAssessment frame = Assert.Single(await compiled.AssessAsync(image.Frames, AssessOptions.Default, TestContext.Current.CancellationToken));
        Assert.Equal(["Sexual", "Self_Harm"], frame.Categories.Select(category => category.CategoryId));
        Assert.All(frame.Categories, category => Assert.InRange(category.Evidence.Probability!.Value, double.Epsilon, 1));
    }

    [Fact]
    public async Task Tokens_that_exist_are_left_alone_in_whatever_case()
    {
        using var folder = new TemporaryFolder();
        string source = Fixture.PathOf("vlm/smolvlm-tiny");
        ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions
        {
            Source = source,
            Destination = folder.PathOf("new"),
            NewTokens = [.. NewToken.SafeVision, new NewToken("<|safe|>", "safe"), new NewToken("a", "a")],
        });
        foreach (string name in (string[])["config.json", "tokenizer.json", "tokenizer_config.json", "added_tokens.json"])
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(source, name)), File.ReadAllBytes(folder.PathOf($"new/{name}")));
        }

        Assert.Equal("", result.Manifest.Converted!.Options["newTokens"]);
    }

    [Theory]
    [InlineData("<|New|>", "", "are no words to begin its rows from")]
    [InlineData(" <|New|>", "new", "no space at its ends")]
    [InlineData("<|New\n|>", "new", "no control characters")]
    public async Task A_token_that_can_not_be_added_is_refused(string content, string words, string message)
    {
        using var folder = new TemporaryFolder();
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(new ConversionOptions
        {
            Source = Fixture.PathOf("vlm/smolvlm-tiny"),
            Destination = folder.PathOf("new"),
            NewTokens = [new NewToken(content, words)],
        }));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.PathOf("new")));
    }

    [Fact]
    public async Task A_tokenizer_with_more_ids_than_the_checkpoint_has_rows_gets_no_tokens()
    {
        using var folder = new TemporaryFolder();
        WithoutTokens("smolvlm-tiny", folder.PathOf("source"));
        Change(folder.PathOf("source/tokenizer.json"), file => file["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{"id": 700, "content": "<far>", "special": true}""")));
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(new ConversionOptions
        {
            Source = folder.PathOf("source"),
            Destination = folder.PathOf("new"),
            NewTokens = NewToken.SafeVision,
        }));
        Assert.Contains("has 544 rows, but the tokenizer has 701 ids", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer_config.json", "[]", "is no JSON object")]
    [InlineData("tokenizer_config.json", "{", "new tokens can't be added")]
    [InlineData("special_tokens_map.json", """{"a": 1, "a": 2}""", "new tokens can't be added")]
    [InlineData("tokenizer.json", "{}", "tokenizer.json")]
    public async Task A_tokenizer_file_that_is_none_is_named(string name, string text, string message)
    {
        using var folder = new TemporaryFolder();
        WithoutTokens("smolvlm-tiny", folder.PathOf("source"));
        File.WriteAllText(folder.PathOf($"source/{name}"), text);
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(new ConversionOptions
        {
            Source = folder.PathOf("source"),
            Destination = folder.PathOf("new"),
            NewTokens = NewToken.SafeVision,
        }));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Contains(name, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_classifier_gets_neither_tokens_nor_an_adapter()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathOf("source"));
        File.WriteAllText(folder.PathOf("source/config.json"), """{"model_type": "bert"}""");
        foreach (ConversionOptions options in new ConversionOptions[]
        {
            new() { Source = folder.PathOf("source"), Destination = folder.PathOf("new"), Family = "efficientnet-lite", NewTokens = NewToken.SafeVision },
            new() { Source = folder.PathOf("source"), Destination = folder.PathOf("new"), Family = "efficientnet-lite", Adapter = folder.Root },
        })
        {
            CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(options));
            Assert.Contains("are for vision-language models", exception.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>Compares a model with tokens to the one without, through ONNX Runtime.</summary>
    private static void Check(TemporaryFolder folder, TextTokenizer before, TextTokenizer after, IReadOnlyList<NewToken> tokens, int rows)
    {
        ModelManifest manifest = ModelManifest.Read(ModelFolder.OnDisk(folder.PathOf("new")));
        Assert.Equal(string.Join(' ', tokens.Select(token => token.Content)), manifest.Converted!.Options["newTokens"]);
        int first = before.VocabularySize;
        long[] ids = [.. before.Encode("What is in the picture?").Select(id => (long)id)], mask = [.. ids.Select(_ => 1L)];
        Assert.Equal(ids, after.Encode("What is in the picture?").Select(id => (long)id));
        using ConvertedModel old = new(folder.PathOf("old")), added = new(folder.PathOf("new"));
        float[] embeddings = old.Embed(ids);
        Assert.Equal(embeddings, added.Embed(ids));
        long[]? positions = old.Decoder.InputMetadata.ContainsKey("position_ids") ? [.. Enumerable.Repeat(Enumerable.Range(0, ids.Length).Select(i => (long)i), 3).SelectMany(axis => axis)] : null;
        using ConvertedModel.Step expected = old.Decode(embeddings, [mask], null, 0, positions), actual = added.Decode(embeddings, [mask], null, 0, positions);
        int oldRows = expected.Logits.Length / ids.Length;
        Assert.Equal(rows, actual.Logits.Length / ids.Length);
        for (int token = 0; token < ids.Length; token++)
        {
            Assert.True(expected.Logits.AsSpan(token * oldRows, first).SequenceEqual(actual.Logits.AsSpan(token * rows, first)));
        }

        for (int i = 0; i < tokens.Count; i++)
        {
            Assert.Equal([first + i], after.Encode(tokens[i].Content));
            Assert.Contains(after.AddedTokens, token => token.Id == first + i && token is { IsSpecial: true, IsNormalized: false });
            int[] parts = before.Encode(tokens[i].PlainWords);
            int width = embeddings.Length / ids.Length;
            float[] sources = old.Embed([.. parts.Select(part => (long)part)]), row = added.Embed([first + i]);
            float[] mean = [.. Enumerable.Range(0, width).Select(column => Enumerable.Range(0, parts.Length).Average(part => sources[(part * width) + column]))];
            Numbers.Close(mean, row, 1e-6f);

            // A head without bias is linear: the logit of a mean of rows is the mean of the rows' logits.
            ReadOnlySpan<float> last = expected.Logits.AsSpan((ids.Length - 1) * oldRows);
            float sum = 0;
            foreach (int part in parts)
            {
                sum += last[part];
            }

            Assert.Equal(sum / parts.Length, actual.Logits[((ids.Length - 1) * rows) + first + i], 1e-4f);
        }
    }

    private static async Task ConvertAsync(TemporaryFolder folder, string checkpoint, IReadOnlyList<NewToken> tokens)
    {
        WithoutTokens(checkpoint, folder.PathOf("source"));
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("old") });
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("new"), NewTokens = tokens });
    }

    /// <summary>Copies a fixture, with the paper's tokens taken out of its tokenizer.</summary>
    internal static void WithoutTokens(string checkpoint, string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string path in Directory.EnumerateFiles(Fixture.PathOf($"vlm/{checkpoint}")))
        {
            File.Copy(path, Path.Combine(folder, Path.GetFileName(path)));
        }

        Change(Path.Combine(folder, "tokenizer.json"), file => RemoveFrom(file["added_tokens"]!.AsArray()));
        Change(Path.Combine(folder, "added_tokens.json"), file => NewToken.SafeVision.ToList().ForEach(token => file.Remove(token.Content)));
        Change(Path.Combine(folder, "special_tokens_map.json"), file => RemoveFrom(file["additional_special_tokens"] as JsonArray ?? []));
        Change(Path.Combine(folder, "tokenizer_config.json"), file =>
        {
            RemoveFrom(file["additional_special_tokens"]!.AsArray());
            JsonObject decoder = file["added_tokens_decoder"]!.AsObject();
            foreach (string id in decoder.Where(entry => IsOurs(entry.Value!)).Select(entry => entry.Key).ToArray())
            {
                decoder.Remove(id);
            }
        });
    }

    private static void RemoveFrom(JsonArray tokens)
    {
        foreach (JsonNode token in tokens.Where(token => IsOurs(token!)).ToArray()!)
        {
            tokens.Remove(token);
        }
    }

    private static bool IsOurs(JsonNode token)
    {
        string content = token is JsonObject entry ? (string)entry["content"]! : (string)token!;
        return NewToken.SafeVision.Any(known => known.Content == content);
    }

    private static void Change(string path, Action<JsonObject> change)
    {
        if (File.Exists(path))
        {
            JsonObject file = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
            change(file);
            File.WriteAllText(path, file.ToJsonString());
        }
    }

    private static int Vocabulary(string folder, string? part)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        return (part is null ? config.RootElement : config.RootElement.GetProperty(part)).GetProperty("vocab_size").GetInt32();
    }
}

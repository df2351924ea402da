using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Tests.Checkpoints;
using SafeVision.Conversion.Verification;
using SafeVision.Inference;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Tests.Families;
using SafeVision.VisionLanguage.Tokenizers;
using Loaded = SafeVision.VisionLanguage.VisionLanguageModel;
using Qwen35 = SafeVision.Conversion.Families.VisionLanguage.Qwen35;
using Read = SafeVision.Conversion.Families.VisionLanguage.VisionLanguageModel;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>Qwen3.5: memories that can't be cut back, shared, resumed and forked as keys and values are.</summary>
public sealed class Qwen35Tests : IAsyncLifetime
{
    private const string Checkpoint = "vlm/qwen3_5-tiny";

    private readonly TemporaryFolder _folder = new();
    private readonly SessionCache _sessions = new();

    public async ValueTask InitializeAsync() =>
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.PathOf(Checkpoint), Destination = _folder.PathOf("model") });

    public async ValueTask DisposeAsync()
    {
        await Task.Run(_sessions.Dispose);
        _folder.Dispose();
    }

    [Theory]
    [InlineData("float32", "standard")]
    [InlineData("float16", "grouped")]
    [InlineData("int8", "grouped")]
    [InlineData("int4", "grouped")]
    public Task Every_precision_and_attention_agrees_with_the_reference_computation(string precision, string attention) =>
        ConvertedFolderTests.ConvertAndExamineAsync(Fixture.PathOf(Checkpoint), _folder.PathOf(precision), precision, attention);

    [Fact]
    public void Conversations_have_the_ids_of_the_reference()
    {
        string folder = Fixture.PathOf(Checkpoint);
        TextTokenizer tokenizer = TextTokenizer.Open(folder);
        VisionLanguageProfile profile = VisionLanguageFamilies.Read(ModelConfiguration.Open(folder), tokenizer);
        foreach (JsonElement row in GoldenTensors.Json($"{Checkpoint}/prompts.json").GetProperty("rows").EnumerateArray())
        {
            Assert.Equal(row.GetProperty("ids").Deserialize<int[]>()!, tokenizer.EncodePrompt(row.GetProperty("expanded").GetString()!));
            if (row.GetProperty("variables").EnumerateObject().Any())
            {
                continue;
            }

            (PromptText? system, List<ConversationTurn> turns) = GoldenConversation.Read(row);
            Assert.Equal(row.GetProperty("prompt").GetString(), profile.Conversation.Render(system, turns).Text);
        }
    }

    [Fact]
    public void What_the_memories_hold_after_a_prompt_is_what_the_reference_holds()
    {
        string file = $"{Checkpoint}/goldens.safetensors", path = _folder.PathOf("model/onnx/decoder_model_merged.onnx");
        (int[] shape, float[] embeddings) = GoldenTensors.SafeTensors(file, "multi.inputs_embeds");
        using GraphRun run = GraphRun.Open(path);
        var inputs = new Dictionary<string, OrtValue>();
        foreach ((string name, NodeMetadata input) in run.Inputs)
        {
            long[] sizes = [.. input.Dimensions.Select((size, axis) => axis == 0 ? 1L : Math.Max(size, 0))];
            inputs[name] = name switch
            {
                "inputs_embeds" => run.Value(name, embeddings, 1, shape[1], shape[2]),
                "attention_mask" => run.Value(name, [.. Enumerable.Repeat(1f, shape[1])], 1, shape[1]),
                "position_ids" => run.Value(name, [.. GoldenTensors.SafeTensorsInt64(file, "multi.position_ids").Values.Select(position => (float)position)], 3, 1, shape[1]),
                "num_logits_to_keep" => run.Value(name, [1]),
                _ => run.Value(name, new float[sizes.Aggregate(1L, (product, size) => product * size)], sizes),
            };
        }

        using IDisposableReadOnlyCollection<OrtValue> results = run.Run(inputs, CancellationToken.None);
        using InferenceSession session = OnnxRuntime.Open(path, OnnxRuntime.CreateOptions());
        foreach ((string name, OrtValue value) in session.OutputMetadata.Keys.Zip(results).Where(output => output.First.EndsWith("_state", StringComparison.Ordinal)))
        {
            string[] parts = name.Split('.'); // present.N.kind
            float[] expected = GoldenTensors.SafeTensors(file, $"multi.{parts[2]}.{parts[1]}").Values, actual = GraphRun.Singles(value);
            Assert.True(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max() < 1e-4, name);
        }
    }

    [Fact]
    public async Task What_is_remembered_changes_nothing_wherever_prompts_part()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Loaded warm = await LoadAsync(sequences: 2, cancellation);
        const string Policy = "Guard the children: no weapon, no blood, no hate. Art is allowed, knives in kitchens too. ";
        (string Before, string File, string After, int Reused)[] prompts =
        [
            (Policy, "gray-111x222.png", "Is it safe?", 0),
            (Policy, "gray-111x222.png", "Give one reason.", 1), // from the end of the image
            (Policy, "palette-256x256.png", "Give one reason.", -1), // from its beginning
            (Policy, "gray-111x222.png", "Is it safe?", -1),
            (Policy, "gray-111x222.png", "Give one reason.", 1),
            ("Nothing in common.", "gray-111x222.png", "Is it safe?", 0),
            (Policy, "palette-256x256.png", "Is it safe?", 0),
        ];
        foreach ((string before, string file, string after, int reused) in prompts)
        {
            using Loaded fresh = await LoadAsync(sequences: 1, cancellation);
            (float[] expected, _, _) = await AskAsync(fresh, before, file, after, cancellation);
            (float[] actual, int from, ImageSpan image) = await AskAsync(warm, before, file, after, cancellation);
            Assert.True(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max() < 1e-4, $"{file}: {after}");
            Assert.True(reused == 0 || from == (reused > 0 ? image.End : image.Start), $"{file}: {after} went on from {from} of {image}");
        }
    }

    [Fact]
    public async Task Choices_that_share_beginnings_are_scored_as_if_each_were_the_prompts_end()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Loaded model = await LoadAsync(sequences: 1, cancellation), other = await LoadAsync(sequences: 1, cancellation);
        int[] prompt = model.Tokenizer.EncodePrompt("Which one of these? The answer:"), a = [10, 20, 30], b = [10, 20, 40], c = [10, 50, 30], d = [60, 20, 30];
        DecoderSlot slot = await model.Scheduler.TakeAsync(new TokenSequence(prompt, []), cancellation);
        for (int again = 0; again < 2; again++) // the second time from nothing pending
        {
            var job = new ChooseJob(slot, ChoiceSet.Create([a, b, c, d]));
            await model.Scheduler.RunAsync(job, cancellation);
            foreach ((int[] choice, double[] tokens) in new[] { a, b, c, d }.Zip(job.Scores.TokenLogProbabilities))
            {
                Assert.Equal(await AloneAsync(choice, tokens.Length), tokens, (x, y) => Math.Abs(x - y) < 1e-4);
            }

            Assert.Equal(prompt.Length, slot.Tokens.Count);
        }

        async Task<double[]> AloneAsync(int[] choice, int count)
        {
            double[] logarithms = new double[count];
            for (int i = 0; i < count; i++)
            {
                DecoderSlot one = await other.Scheduler.TakeAsync(new TokenSequence([.. prompt, .. choice[..i]], []), cancellation);
                var job = new LogitsJob(one, 1);
                await other.Scheduler.RunAsync(job, cancellation);
                other.Scheduler.Return(one);
                double largest = job.Logits.Max();
                logarithms[i] = job.Logits[choice[i]] - largest - Math.Log(job.Logits.Sum(logit => Math.Exp(logit - largest)));
            }

            return logarithms;
        }
    }

    [Fact]
    public void A_memory_goes_back_only_to_where_it_was_kept()
    {
        using var states = new RecurrentStates([new RecurrentTensor("past", "present", [1, 2], Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float)]);
        foreach ((int count, bool isLasting) in new[] { (3, true), (4, true), (5, false), (6, false), (7, false) })
        {
            states.Commit(count);
            states.Remember(isLasting);
        }

        states.Commit(1);
        Assert.Equal([0, 3, 7, 18, 25, 26], new[] { 2, 6, 17, 24, 25, 99 }.Select(states.Resumable)); // of five places the first one that need not last, 12, was dropped
        Assert.Throws<InvalidOperationException>(() => states.Rewind(12));
        states.Rewind(18);
        Assert.Equal([18, 7], new[] { 25, 17 }.Select(states.Resumable));
        states.Rewind(0);
        Assert.Equal(0, states.Resumable(99));
    }

    [Theory]
    [InlineData("model.language_model.", "language_model.model.", "model.visual.", "visual.")]
    [InlineData("model.language_model.", "model.", "model.visual.", "visual.")]
    public void Other_spellings_of_the_names_are_the_same_model(string from, string to, string fromTower, string toTower)
    {
        string twin = _folder.PathOf("twin");
        Directory.CreateDirectory(twin);
        File.Copy(Path.Combine(Fixture.PathOf(Checkpoint), "config.json"), Path.Combine(twin, "config.json"));
        using (SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(Fixture.PathOf(Checkpoint)))
        {
            File.WriteAllBytes(Path.Combine(twin, "model.safetensors"), SafetensorsBytes.Create(checkpoint.Tensors.Values.Select(tensor => (
                tensor.Name.Replace(from, to, StringComparison.Ordinal).Replace(fromTower, toTower, StringComparison.Ordinal), tensor.Shape.ToArray(), tensor.ToSingle()))));
        }

        using Read original = new Qwen35().Read(Fixture.PathOf(Checkpoint)), other = new Qwen35().Read(twin);
        float[] embeddings = VisionInput.Noise(3, 6, original.Text.Shape.Hidden).Numbers;
        Assert.Equal(Logits(original), Logits(other));

        float[] Logits(Read model) => ReferenceDecoder.Logits(model.Text, ReferenceDecoder.Run(model.Text, embeddings, model.Text.Layers.Count, () => { }, CancellationToken.None));
    }

    [Fact]
    public void Angles_stand_in_either_of_two_objects()
    {
        string source = Fixture.WithConfig(Checkpoint, "config.json", _folder);
        Fixture.Edit(Path.Combine(source, "config.json"), json =>
        {
            JsonObject text = json["text_config"]!.AsObject(), parameters = text["rope_parameters"]!.DeepClone().AsObject();
            text["rope_theta"] = parameters["rope_theta"]!.DeepClone();
            parameters.Remove("rope_theta");
            text.Remove("rope_parameters");
            text["rope_scaling"] = parameters;
        });
        using Read original = new Qwen35().Read(Fixture.PathOf(Checkpoint)), older = new Qwen35().Read(source);
        Assert.Equal(original.Text.Shape.Rotary.Frequencies, older.Text.Shape.Rotary.Frequencies);
        Assert.Equal(4, older.Text.Shape.Rotary.Columns);
    }

    [Theory]
    [InlineData("text_config.layer_types", "[\"full_attention\"]", "a kind for each of the 5 layers")]
    [InlineData("text_config.layer_types", "[\"sliding_attention\"]", "full_attention or linear_attention")]
    [InlineData("text_config.full_attention_interval", "0", "full_attention_interval")]
    [InlineData("text_config.attn_output_gate", "false", "attn_output_gate")]
    [InlineData("text_config.linear_num_value_heads", "3", "a multiple of the 2 heads")]
    [InlineData("text_config.linear_conv_kernel_dim", "5", "conv1d")]
    [InlineData("text_config.rope_parameters", "{\"rope_theta\": 10000000, \"mrope_section\": [2, 1, 2], \"partial_rotary_factor\": 0.25}", "add up to 4")]
    [InlineData("text_config.rope_parameters", "{\"mrope_section\": [2, 1, 1]}", "rope_theta")]
    [InlineData("text_config.rope_parameters", "{\"rope_theta\": 10000000, \"mrope_section\": [2, 1, 1], \"partial_rotary_factor\": 1.5}", "turned")]
    public void A_checkpoint_that_does_not_fit_is_refused_by_name(string path, string value, string message)
    {
        string source = Fixture.WithConfig(Checkpoint, "config.json", _folder);
        Fixture.Edit(Path.Combine(source, "config.json"), json => Fixture.Set(json, path, value));
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => new Qwen35().Read(source)).Message, StringComparison.Ordinal);
    }

    private Task<Loaded> LoadAsync(int sequences, CancellationToken cancellation) => Loaded.LoadAsync(
        _folder.PathOf("model"), new VisionLanguageModelOptions { MaximumTokens = 256, TokensPerRun = 16, Sequences = sequences }, _sessions, new ExecutionOptions(), cancellation);

    private static async Task<(float[] Logits, int From, ImageSpan Image)> AskAsync(Loaded model, string before, string file, string after, CancellationToken cancellation)
    {
        var image = new PromptImage(model, RawPictures.Open($"preprocess/images/{file}"));
        int[] ids = model.Tokenizer.EncodePrompt($"{before}<|vision_start|>{image.Plan.Text}<|vision_end|>{after}");
        int start = Array.IndexOf(ids, model.Profile.ImageToken);
        var span = new ImageSpan(start, image.Plan.Tokens, image.Key, image.Plan);
        DecoderSlot slot = await model.Scheduler.TakeAsync(new TokenSequence(ids, [span]), cancellation);
        int from = slot.Cache.Length;
        slot.Features = [await image.FeaturesAsync(cancellation)];
        var job = new LogitsJob(slot, 1);
        await model.Scheduler.RunAsync(job, cancellation);
        model.Scheduler.Return(slot);
        return (job.Logits, from, span);
    }
}

using System.Text.Json.Nodes;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Policies;
using SafeVision.Training.Adapters;
using SafeVision.Training.Data;
using SafeVision.Training.Runs;
using SafeVision.Training.Starter;
using SafeVision.VisionLanguage;

namespace SafeVision.Training.Tests.Runs;

/// <summary>Runs of training from a folder to a folder, on a starter that knows nothing yet.</summary>
public sealed class TrainingSessionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Model => Path.Combine(_folder.Path, "model");

    private string Data => Path.Combine(_folder.Path, "data");

    private TrainingOptions Options => new()
    {
        Model = Model,
        Data = Data,
        Output = Path.Combine(_folder.Path, "run"),
        Steps = 4,
        Rows = 3,
        Accumulation = 2,
        EvaluateEvery = 2,
        SaveEvery = 3,
        Rate = 1e-3,
        Converts = false,
    };

    [Fact]
    public async Task A_stopped_run_goes_on_and_ends_with_the_weights_of_one_that_was_not()
    {
        await MakeAsync();
        TrainingOptions options = Options with { Adapter = new LowRankOptions { Rank = 4, Alpha = 8 } };
        await TrainingSession.RunAsync(options, null, null, TestContext.Current.CancellationToken);
        string[] whole = Logged(options.Output);

        TrainingOptions stopped = options with { Output = Path.Combine(_folder.Path, "stopped") };
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TrainingSession.RunAsync(stopped, new Stopper(stop, step: 2), null, stop.Token));
        Assert.False(File.Exists(Path.Combine(stopped.Output, "result.json")));

        // A process that is killed leaves half a line, and lines behind the last saved state.
        await File.AppendAllTextAsync(Path.Combine(stopped.Output, "log.jsonl"), "{\"step\":3,\"loss\":1}\n{\"step\":3,\"lo", TestContext.Current.CancellationToken);
        await TrainingSession.RunAsync(stopped, null, null, TestContext.Current.CancellationToken);

        Assert.Equal(await Bytes(options.Output), await Bytes(stopped.Output));
        Assert.Equal(whole, Logged(stopped.Output));

        static Task<byte[]> Bytes(string run) => File.ReadAllBytesAsync(Path.Combine(run, "adapter", "adapter_model.safetensors"), TestContext.Current.CancellationToken);
        static string[] Logged(string run) => [.. File.ReadLines(Path.Combine(run, "log.jsonl")).Where(line => JsonNode.Parse(line)!["step"] is not null)];
    }

    [Fact]
    public async Task However_busy_the_host_is_a_step_learns_from_the_samples_that_the_seed_gives_it()
    {
        await MakeAsync();
        TrainingOptions options = Options with { Adapter = new LowRankOptions { Rank = 2 }, Rows = 1, Accumulation = 1, Steps = 8, EvaluateEvery = 100 };
        await TrainingSession.RunAsync(options, null, null, TestContext.Current.CancellationToken);
        TrainingOptions busy = options with { Output = Path.Combine(_folder.Path, "busy") };
        using var ended = new CancellationTokenSource();
        for (int i = 0; i < 4 * Environment.ProcessorCount; i++)
        {
            Occupy();
        }

        try
        {
            await TrainingSession.RunAsync(busy, null, null, TestContext.Current.CancellationToken);
        }
        finally
        {
            await ended.CancelAsync();
        }

        Assert.Equal(Losses(options.Output), Losses(busy.Output));

        static string[] Losses(string run) => [.. File.ReadLines(Path.Combine(run, "log.jsonl")).Where(line => line.Contains("\"loss\"", StringComparison.Ordinal))];

        // Work that queues itself again holds the pool's threads, as a host's own does.
        void Occupy() => ThreadPool.QueueUserWorkItem(_ =>
        {
            Thread.Sleep(40);
            if (!ended.IsCancellationRequested)
            {
                Occupy();
            }
        });
    }

    [Fact]
    public async Task A_folder_of_another_run_is_left_alone_and_a_finished_run_is_not_run_again()
    {
        await MakeAsync();
        TrainingResult first = await TrainingSession.RunAsync(Options, null, null, TestContext.Current.CancellationToken);
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(first.Checkpoint, "model.safetensors"));

        TrainingResult again = await TrainingSession.RunAsync(Options, null, null, TestContext.Current.CancellationToken);
        TrainingException other = await Assert.ThrowsAsync<TrainingException>(() => TrainingSession.RunAsync(Options with { Seed = 9 }, null, null, TestContext.Current.CancellationToken));

        Assert.Equal(first.After, again.After! with { RightInterval = first.After!.RightInterval, ByCategory = first.After.ByCategory });
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(first.Checkpoint, "model.safetensors")));
        Assert.Contains("options.seed", other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_can_not_fit_is_refused_with_what_would_make_it_fit()
    {
        await MakeAsync();

        TrainingException refused = await Assert.ThrowsAsync<TrainingException>(() => TrainingSession.RunAsync(Options with { Memory = 100 << 20 }, null, null, TestContext.Current.CancellationToken));

        Assert.Contains("MiB are there", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--rows 1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--recompute", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_named_with_the_command_that_makes_it()
    {
        await MakeAsync();
        TrainingException model = await Assert.ThrowsAsync<TrainingException>(() => TrainingSession.RunAsync(Options with { Model = "nowhere" }, null, null, TestContext.Current.CancellationToken));
        TrainingException data = await Assert.ThrowsAsync<TrainingException>(() => TrainingSession.RunAsync(Options with { Data = Model }, null, null, TestContext.Current.CancellationToken));

        Assert.StartsWith("nowhere: is no folder.", model.Message, StringComparison.Ordinal);
        Assert.Contains("safevision data export", data.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("the whole model")]
    [InlineData("the language model")]
    [InlineData("an adapter")]
    public async Task Computing_layers_twice_gives_the_same_weights(string trained)
    {
        await MakeAsync();
        TrainingOptions once = Options with { Steps = 2, Accumulation = 1, TrainsVision = trained == "the whole model", Adapter = trained == "an adapter" ? new LowRankOptions() : null }, twice = once with { Output = Path.Combine(_folder.Path, "twice"), Recomputes = true };

        TrainingResult first = await TrainingSession.RunAsync(once, null, null, TestContext.Current.CancellationToken), second = await TrainingSession.RunAsync(twice, null, null, TestContext.Current.CancellationToken);

        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(first.Checkpoint, "model.safetensors"), TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(Path.Combine(second.Checkpoint, "model.safetensors"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("internvl-qwen2-hf", "vision_tower.", "multi_modal_projector.")]
    [InlineData("qwen2_5vl-tiny", "visual.blocks.", "visual.merger.")]
    public async Task The_vision_tower_stays_as_it_is_unless_it_is_to_be_trained_and_the_projector_learns(string family, string tower, string projector)
    {
        await MakeAsync();
        TrainingOptions options = Options with { Model = Golden.PathOf($"vlm/{family}"), Policy = Path.Combine(Data, "policies", "kinds.yaml"), Steps = 2, Accumulation = 1, Rows = 2, MaximumTiles = 1 };

        TrainingResult still = await TrainingSession.RunAsync(options, null, null, TestContext.Current.CancellationToken);
        TrainingResult moved = await TrainingSession.RunAsync(options with { Output = Path.Combine(_folder.Path, "moved"), TrainsVision = true }, null, null, TestContext.Current.CancellationToken);

        Assert.DoesNotContain(Changed(still), name => name.Contains(tower, StringComparison.Ordinal));
        Assert.Contains(Changed(still), name => name.Contains(projector, StringComparison.Ordinal));
        Assert.Contains(Changed(moved), name => name.Contains(tower, StringComparison.Ordinal));

        string[] Changed(TrainingResult result)
        {
            using CheckpointTensors before = CheckpointTensors.Open(options.Model), after = CheckpointTensors.Open(result.Checkpoint);
            return [.. after.Names.Where(name => before.ShapeOf(name)?.SequenceEqual(after.ShapeOf(name)!) == true && !before.Read(name).SequenceEqual(after.Read(name)))];
        }
    }

    [Fact]
    public async Task In_bfloat16_the_losses_stay_near_those_of_float32()
    {
        await MakeAsync();
        TrainingOptions half = Options with { Output = Path.Combine(_folder.Path, "half"), Precision = TrainingPrecision.Bf16, Adapter = new LowRankOptions() };
        await TrainingSession.RunAsync(Options with { Adapter = new LowRankOptions() }, null, null, TestContext.Current.CancellationToken);
        await TrainingSession.RunAsync(half, null, null, TestContext.Current.CancellationToken);

        double[] full = Losses(Options.Output), halves = Losses(half.Output);

        Assert.Equal(4, full.Length);
        Assert.All(full.Zip(halves), pair => Assert.InRange(pair.Second / pair.First, 0.98, 1.02));
        Assert.NotEqual(full, halves);
        static double[] Losses(string run) => [.. File.ReadLines(Path.Combine(run, "log.jsonl")).Select(line => JsonNode.Parse(line)!).Where(line => line["loss"] is not null).Select(line => line["loss"]!.GetValue<double>())];
    }

    [Fact]
    public async Task What_training_reads_is_what_the_engine_asks_image_included()
    {
        await MakeAsync();
        PromptEncoder prompts = PromptEncoder.Open(Model);
        SafetyPolicy policy = SafetyPolicy.FromFile(Path.Combine(Data, "policies", "kinds.yaml"));
        TrainingDataset dataset = await TrainingDataset.OpenAsync(Data, TestContext.Current.CancellationToken);
        var encoder = new SampleEncoder(prompts, dataset, null, null);
        TrainingSample harmful = await dataset.ReadTrainAsync(TestContext.Current.CancellationToken).FirstAsync(sample => sample.Category == "b", TestContext.Current.CancellationToken);

        EncodedPolicy encoded = await prompts.EncodeAsync(policy, VisionLanguageMode.Comprehension);
        EncodedSample row = await encoder.EncodeAsync(harmful, TestContext.Current.CancellationToken);

        string text = prompts.Tokenizer.Decode([.. row.Row.Ids.Select(id => (int)id)], skipSpecial: false);
        string marks = string.Concat(Enumerable.Repeat("<IMG_CONTEXT>", 16));
        Assert.Equal($"<|im_start|>user\n<img>{marks}</img>\n policy<|A|> fruits<|B|> animals ?<|im_end|>\n<|im_start|>assistant\n<|B|><|REASON|> {SampleEncoder.Reason(harmful)}<|im_end|>", text);
        Assert.Equal(3, encoded.Answers.Count);
        Assert.Equal(["<|SAFE|>", "<|A|>", "<|B|>"], encoded.Answers.Select(answer => prompts.Tokenizer.Decode([.. answer], skipSpecial: false)));
        Assert.Equal("<|B|><|REASON|>", string.Concat(row.Row.Ids.Zip(row.Row.Critical!).Where(token => token.Second).Select(token => prompts.Tokenizer.Decode([(int)token.First], skipSpecial: false))));
        Assert.Equal(row.Row.Ids.Count - encoded.Before.Count - encoded.After.Count - row.Image.Ids.Count, row.Row.Labels.Count(label => label >= 0));
    }

    [Theory]
    [InlineData(false, "<|B|><|REASON|>")]
    [InlineData(true, "<|B|><|REASON|> {thing}")]
    public async Task The_name_of_what_makes_a_category_right_is_critical_where_that_is_asked_for(bool weighsOffender, string critical)
    {
        await MakeAsync();
        PromptEncoder prompts = PromptEncoder.Open(Model);
        TrainingDataset dataset = await TrainingDataset.OpenAsync(Data, TestContext.Current.CancellationToken);
        TrainingSample harmful = await dataset.ReadTrainAsync(TestContext.Current.CancellationToken).FirstAsync(sample => sample.Category == "b", TestContext.Current.CancellationToken);

        EncodedSample row = await new SampleEncoder(prompts, dataset, null, null, weighsOffender).EncodeAsync(harmful, TestContext.Current.CancellationToken);

        Assert.Equal(critical.Replace("{thing}", SampleEncoder.Reason(harmful), StringComparison.Ordinal), prompts.Tokenizer.Decode([.. row.Row.Ids.Zip(row.Row.Critical!).Where(token => token.Second).Select(token => (int)token.First)], skipSpecial: false));
    }

    [Fact]
    public async Task A_policy_of_ones_own_gets_a_token_for_each_category_and_the_prompt_file_that_names_them()
    {
        await MakeAsync();
        string policy = Path.Combine(_folder.Path, "own.yaml");
        await File.WriteAllTextAsync(policy, SceneDataset.Policy.Replace("id: a", "id: fruit-stand").Replace("id: b", "id: zoo"), TestContext.Current.CancellationToken);
        File.Delete(Path.Combine(Model, "safevision-prompt.yaml")); // as a checkpoint is published
        List<TrainingSample> samples = [.. (await File.ReadAllLinesAsync(Path.Combine(Data, "samples.jsonl"), TestContext.Current.CancellationToken)).Length > 0
            ? await (await TrainingDataset.OpenAsync(Data, TestContext.Current.CancellationToken)).ReadTrainAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken) : []];
        await TrainingDataset.WriteAsync(Data, samples.Select(sample => sample with { Policy = null, Category = sample.Category switch { "a" => "fruit-stand", "b" => "zoo", _ => null } }).ToAsyncEnumerable(), TestContext.Current.CancellationToken);

        TrainingResult result = await TrainingSession.RunAsync(Options with { Policy = policy, Steps = 2, Adapter = new LowRankOptions { Rank = 2 } }, null, null, TestContext.Current.CancellationToken);

        PromptEncoder prompts = PromptEncoder.Open(result.Checkpoint);
        EncodedPolicy encoded = await prompts.EncodeAsync(SafetyPolicy.FromFile(policy), VisionLanguageMode.Comprehension);
        Assert.Equal(["<|SAFE|>", "<|fruit-stand|>", "<|zoo|>"], encoded.Answers.Select(answer => prompts.Tokenizer.Decode([.. answer], skipSpecial: false)));
        Assert.All(encoded.Answers, answer => Assert.Single(answer));
    }

    [Fact]
    public async Task Pairs_from_the_models_own_mistakes_begin_at_a_loss_of_log_2_and_are_kept_for_a_run_that_goes_on()
    {
        await MakeAsync();
        TrainingOptions options = Options with { Objective = TrainingObjective.Dpo, Adapter = new LowRankOptions { Rank = 4 }, Steps = 6 };
        await TrainingSession.RunAsync(options, null, null, TestContext.Current.CancellationToken);

        JsonNode[] steps = [.. File.ReadLines(Path.Combine(options.Output, "log.jsonl")).Select(line => JsonNode.Parse(line)!).Where(line => line["pairLoss"] is not null)];
        Assert.Equal(6, steps.Length);
        Assert.Equal(Math.Log(2), steps[0]["pairLoss"]!.GetValue<double>(), 1e-5); // nothing is learnt yet, so the model is its own reference
        Assert.True(steps[^1]["pairLoss"]!.GetValue<double>() < 0.69, steps[^1].ToJsonString());
        Assert.NotEmpty((JsonArray)JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(options.Output, "pairs.json"), TestContext.Current.CancellationToken))!);
    }

    [Fact]
    public async Task A_run_by_rewards_that_was_stopped_draws_the_answers_that_it_would_have_drawn()
    {
        await MakeAsync();
        TrainingOptions options = Options with { Objective = TrainingObjective.Grpo, Adapter = new LowRankOptions { Rank = 2 }, Steps = 3, Rows = 2, Accumulation = 1, Answers = 3, SaveEvery = 1 };
        await TrainingSession.RunAsync(options, null, null, TestContext.Current.CancellationToken);
        TrainingOptions stopped = options with { Output = Path.Combine(_folder.Path, "stopped") };
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TrainingSession.RunAsync(stopped, new Stopper(stop, step: 1), null, stop.Token));
        await TrainingSession.RunAsync(stopped, null, null, TestContext.Current.CancellationToken);

        Assert.Equal(Rewards(options.Output), Rewards(stopped.Output));
        Assert.Equal(3, Rewards(options.Output).Length);
        static string[] Rewards(string run) => [.. File.ReadLines(Path.Combine(run, "log.jsonl")).Where(line => line.Contains("\"reward\"", StringComparison.Ordinal))];
    }

    [Theory]
    [InlineData("<|B|><|REASON|> {thing}<|im_end|>", 2)]
    [InlineData("<|B|><|REASON|> rainbow umbrella<|im_end|>", 1.5)]
    [InlineData("<|A|><|REASON|> {thing}<|im_end|>", 1.5)]
    [InlineData("<|A|><|REASON|> rainbow<|im_end|>", 1)]
    [InlineData("<|SAFE|><|im_end|>", 0)]
    [InlineData("<|B|><|REASON|> {thing}", -1)]
    [InlineData("<|B|> {thing}<|im_end|>", -1)]
    [InlineData("<|C|><|REASON|> {thing}<|im_end|>", -1)]
    [InlineData("{thing}", -1)]
    public async Task An_answer_earns_what_can_be_checked_of_it(string answer, double reward)
    {
        await MakeAsync();
        TrainingDataset dataset = await TrainingDataset.OpenAsync(Data, TestContext.Current.CancellationToken);
        TrainingSample[] samples = await dataset.ReadTrainAsync(TestContext.Current.CancellationToken).ToArrayAsync(TestContext.Current.CancellationToken);
        TrainingSample sample = samples.First(sample => sample.Category == "b");
        var things = new NamedThings();
        Array.ForEach(samples, things.Add);
        PromptEncoder prompts = PromptEncoder.Open(Model);
        PolicyQuestion question = (await new SampleEncoder(prompts, dataset, null, null).AskAsync(sample, VisionLanguageMode.Comprehension, TestContext.Current.CancellationToken))!;

        int[] ids = prompts.Tokenizer.Encode(answer.Replace("{thing}", SampleEncoder.Reason(sample), StringComparison.Ordinal));

        Assert.Equal(reward, AnswerReward.Of(question, ids, prompts, things));
    }

    [Fact]
    public async Task The_page_of_a_run_is_served_to_this_machine_and_nothing_else_of_the_folder_is()
    {
        string page = Path.Combine(_folder.Path, "index.html");
        await File.WriteAllTextAsync(page, "the page", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "run.json"), "secret", TestContext.Current.CancellationToken);
        using var socket = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        socket.Start();
        int port = ((System.Net.IPEndPoint)socket.LocalEndpoint).Port;
        socket.Stop();
        using Cli.PageServer server = Cli.PageServer.Start(_folder.Path, port);
        using var client = new HttpClient();

        Assert.Equal("the page", await client.GetStringAsync(new Uri(server.Address), TestContext.Current.CancellationToken));
        using HttpResponseMessage other = await client.GetAsync(new Uri($"{server.Address}run.json"), TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, other.StatusCode);
        Assert.Empty(await other.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("internvl-qwen2-hf")]
    [InlineData("internvl-internlm2-orig")]
    [InlineData("qwen2_5vl-tiny")]
    public async Task A_checkpoint_of_each_family_is_trained_and_becomes_a_model_that_the_engine_runs(string family)
    {
        await MakeAsync();
        string policy = Path.Combine(_folder.Path, "kinds.yaml"); // the dataset's samples name a file of this name
        await File.WriteAllTextAsync(policy, SceneDataset.Policy.Replace("id: a", "id: stand", StringComparison.Ordinal).Replace("id: b", "id: zoo", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        TrainingDataset dataset = await TrainingDataset.OpenAsync(Data, TestContext.Current.CancellationToken);
        List<TrainingSample> samples = await dataset.ReadTrainAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        await TrainingDataset.WriteAsync(Data, samples.Select(sample => sample with { Category = sample.Category switch { "a" => "stand", "b" => "zoo", _ => null } }).ToAsyncEnumerable(), TestContext.Current.CancellationToken);

        TrainingResult result = await TrainingSession.RunAsync(
            Options with { Model = Golden.PathOf($"vlm/{family}"), Policy = policy, Steps = 2, Rows = 2, Adapter = new LowRankOptions { Rank = 2 }, Converts = true, MaximumTiles = 1 }, null, null, TestContext.Current.CancellationToken);

        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicyFile(policy).UseVisionLanguageModel(result.Model!, options => options.Mode = VisionLanguageMode.Fast));
        GuardrailResult judged = await guardrail.CheckAsync(ImageSource.FromFile(Path.Combine(Data, "images", "0000.png")), TestContext.Current.CancellationToken);
        Assert.Null(judged.Failure);
        Assert.Equal(["stand", "zoo"], judged.Findings.Select(finding => finding.Category));
        Assert.All(judged.Findings, finding => Assert.InRange(finding.Evidence.Probability!.Value, 0, 1));
    }

    public void Dispose() => _folder.Dispose();

    private async Task MakeAsync()
    {
        StarterTraining.Create(Model, new StarterTrainingOptions { Names = SceneDataset.Names, Sets = SceneDataset.Sets }).Dispose();
        await SceneDataset.WriteAsync(Data, train: 24, refine: 6, test: 6);
    }

    private sealed class Stopper(CancellationTokenSource source, int step) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Stage == "Training" && value.Done == step)
            {
                source.Cancel();
            }
        }
    }
}

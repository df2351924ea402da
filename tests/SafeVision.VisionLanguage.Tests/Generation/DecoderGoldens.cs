using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage.Tests.Generation;

/// <summary>The decoder held to what transformers computed from the same checkpoints, whatever kind of graph it runs.</summary>
public abstract class DecoderGoldens : IDisposable
{
    private readonly SessionCache _sessions = new();

    /// <summary>The folder of a model's graphs.</summary>
    protected abstract string Folder(string model);

    public static TheoryData<string, string> Texts => new()
    {
        { "llama", "multi" }, { "llama", "batch" }, { "llama", "text" },
        { "qwen2", "multi" }, { "qwen2", "batch" }, { "qwen2", "text" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Logits_of_the_prompt_and_of_every_step_are_those_of_the_reference(string model, string golden)
    {
        var reference = new GoldenText(model, golden);
        using Parts parts = await Parts.LoadAsync(_sessions, Folder(model), reference.ImageToken, slots: reference.Rows, chunk: 4096);
        for (int row = 0; row < reference.Rows; row++)
        {
            DecoderSlot slot = parts.Slots.Take(reference.Prompt(row));
            slot.Features = reference.Features(row);
            int count = slot.Pending;
            Close(reference.Logits(row), parts.Decoder.Run(slot, count, count, TestContext.Current.CancellationToken), $"prompt of row {row}");
            for (int step = 0; step < GoldenText.Steps; step++)
            {
                slot.Tokens.Append([reference.Generated(row)[step]]);
                Close(reference.StepLogits(step, row), parts.Decoder.Run(slot, 1, 1, TestContext.Current.CancellationToken), $"step {step} of row {row}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Sequences_that_write_at_once_write_what_the_reference_wrote(string model, string golden)
    {
        var reference = new GoldenText(model, golden);
        using Parts parts = await Parts.LoadAsync(_sessions, Folder(model), reference.ImageToken, slots: reference.Rows, chunk: 7);
        using var scheduler = new DecoderScheduler(parts.Decoder, parts.Slots);
        int[][] written = await Task.WhenAll(Enumerable.Range(0, reference.Rows).Select(row => WriteAsync(scheduler, reference, row)));
        Assert.Equal(Enumerable.Range(0, reference.Rows).Select(reference.Generated), written);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    public async Task A_sequence_taken_up_from_what_is_remembered_goes_on_as_a_new_one(string model)
    {
        var reference = new GoldenText(model, "batch");
        using Parts parts = await Parts.LoadAsync(_sessions, Folder(model), reference.ImageToken, slots: 2, chunk: 5);
        using var scheduler = new DecoderScheduler(parts.Decoder, parts.Slots);
        foreach (int row in new[] { 0, 1, 0, 1, 1, 0 })
        {
            Assert.Equal(reference.Generated(row), await WriteAsync(scheduler, reference, row));
        }

        DecoderSlot slot = await scheduler.TakeAsync(reference.Prompt(0), TestContext.Current.CancellationToken);
        Assert.Equal(1, slot.Pending);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    public async Task A_sequence_under_way_lends_what_it_knows_to_another(string model)
    {
        var reference = new GoldenText(model, "multi");
        using Parts parts = await Parts.LoadAsync(_sessions, Folder(model), reference.ImageToken, slots: 2, chunk: 4096);
        DecoderSlot first = parts.Slots.Take(reference.Prompt(0));
        first.Features = reference.Features(0);
        parts.Decoder.Run(first, first.Pending, 1, TestContext.Current.CancellationToken);
        first.Tokens.Append(reference.Generated(0).AsSpan(0, 3));
        parts.Decoder.Run(first, 3, 1, TestContext.Current.CancellationToken);

        DecoderSlot second = parts.Slots.Take(reference.Prompt(0)); // needs no features: all but its last token is copied
        Assert.NotEqual(first.Row, second.Row);
        Assert.Equal(1, second.Pending);
        Close(reference.Logits(0)[^reference.Vocabulary..], parts.Decoder.Run(second, 1, 1, TestContext.Current.CancellationToken), "the copied prompt");
        for (int step = 0; step < GoldenText.Steps; step++)
        {
            second.Tokens.Append([reference.Generated(0)[step]]);
            Close(reference.StepLogits(step, 0), parts.Decoder.Run(second, 1, 1, TestContext.Current.CancellationToken), $"step {step} after the copied prompt");
        }

        first.Tokens.Append([reference.Generated(0)[3]]);
        Close(reference.StepLogits(3, 0), parts.Decoder.Run(first, 1, 1, TestContext.Current.CancellationToken), "the lender's next step");
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    public async Task A_sequence_lends_what_it_has_computed_so_far(string model)
    {
        var reference = new GoldenText(model, "text");
        using Parts parts = await Parts.LoadAsync(_sessions, Folder(model), reference.ImageToken, slots: 2, chunk: 4096);
        DecoderSlot first = parts.Slots.Take(reference.Prompt(0));
        parts.Decoder.Run(first, first.Pending - 3, 1, TestContext.Current.CancellationToken);

        DecoderSlot second = parts.Slots.Take(reference.Prompt(0));

        Assert.NotEqual(first.Row, second.Row);
        Assert.Equal(3, second.Pending);
        Close(reference.Logits(0)[^(3 * reference.Vocabulary)..], parts.Decoder.Run(second, 3, 3, TestContext.Current.CancellationToken), "the borrower's end");
        Close(reference.Logits(0)[^(3 * reference.Vocabulary)..], parts.Decoder.Run(first, 3, 3, TestContext.Current.CancellationToken), "the lender's end");
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    public async Task What_prompts_begin_with_outlives_them_and_none_is_forgotten_for_it_while_there_is_room(string model)
    {
        var reference = new GoldenText(model, "text");
        using Parts parts = await Parts.LoadAsync(_sessions, Folder(model), reference.ImageToken, slots: 3, chunk: 4096);
        Assert.Equal([50, 30, 30, 1, 1, 30, 1], new[] { 1, 2, 3, 2, 3, 4, 4 }.Select(Pending));

        int Pending(int ending)
        {
            var prompt = new TokenSequence([.. Enumerable.Range(10, 20), .. Enumerable.Range(100 * ending, 30)], []);
            DecoderSlot slot = parts.Slots.Take(prompt);
            int pending = slot.Pending;
            parts.Decoder.Run(slot, pending, 1, TestContext.Current.CancellationToken);
            parts.Slots.Return(slot);
            return pending;
        }
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    public async Task Choices_are_scored_as_the_logits_say_and_leave_the_sequence_where_it_was(string model)
    {
        var reference = new GoldenText(model, "multi");
        using Parts parts = await Parts.LoadAsync(_sessions, Folder(model), reference.ImageToken, slots: 1, chunk: 16);
        using var scheduler = new DecoderScheduler(parts.Decoder, parts.Slots);
        DecoderSlot slot = await scheduler.TakeAsync(reference.Prompt(0), TestContext.Current.CancellationToken);
        slot.Features = reference.Features(0);
        int[] generated = reference.Generated(0);
        for (int round = 0; round < 2; round++)
        {
            var job = new ChooseJob(slot, ChoiceSet.Create([[generated[0], generated[1], generated[2]], [generated[1]], [generated[0], generated[3]]]));
            await scheduler.RunAsync(job, TestContext.Current.CancellationToken);
            double first = Share(reference.Logits(0)[^reference.Vocabulary..], generated[0], generated[1]);
            double second = Share(reference.StepLogits(0, 0), generated[1], generated[3]);
            Assert.Equal([first * second, 1 - first, first * (1 - second)], job.Scores.Shares(), (a, b) => Math.Abs(a - b) < 1e-3);
            Assert.Equal(
                [LogProbability(reference.Logits(0)[^reference.Vocabulary..], generated[0]), LogProbability(reference.StepLogits(0, 0), generated[1])],
                job.Scores.TokenLogProbabilities[0],
                (a, b) => Math.Abs(a - b) < 5e-3);
            Assert.Equal(reference.Prompt(0).Count, slot.Tokens.Count);
        }

        scheduler.Return(slot);
        Assert.Equal(generated, await WriteAsync(scheduler, reference, 0));
    }

    /// <summary>The probability of a token where only it and another are let through.</summary>
    private static double Share(ReadOnlySpan<float> logits, int id, int other) => 1 / (1 + Math.Exp(logits[other] - (double)logits[id]));

    private static double LogProbability(ReadOnlySpan<float> logits, int id)
    {
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit);
        }

        return logits[id] - Math.Log(sum);
    }

    private static async Task<int[]> WriteAsync(DecoderScheduler scheduler, GoldenText reference, int row)
    {
        DecoderSlot slot = await scheduler.TakeAsync(reference.Prompt(row), TestContext.Current.CancellationToken);
        slot.Features = reference.Features(row);
        var written = new List<int>();
        await scheduler.RunAsync(
            new WriteJob(slot, int.MaxValue, [], id =>
            {
                written.Add(id);
                return written.Count < GoldenText.Written;
            }),
            TestContext.Current.CancellationToken);
        scheduler.Return(slot);
        return [.. written];
    }

    private static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            worst = Math.Max(worst, Math.Abs(expected[i] - actual[i]));
        }

        Assert.True(worst <= 1e-3, $"{what}: logits are {worst} off.");
    }

    public void Dispose()
    {
        _sessions.Dispose();
        GC.SuppressFinalize(this);
    }

    private sealed record Parts(TextDecoder Decoder, DecoderSlots Slots) : IDisposable
    {
        public static async Task<Parts> LoadAsync(SessionCache sessions, string folder, int imageToken, int slots, int chunk)
        {
            VisionLanguageFiles files = VisionLanguageFiles.Find(folder, new VisionLanguageFileOptions());
            VisionLanguageSessions loaded = await VisionLanguageSessions.LoadAsync(files, sessions, new ExecutionOptions(), TestContext.Current.CancellationToken);
            DecoderGraph graph = new DecoderGraph(loaded.Decoder, files.Names.Decoder, files.DecoderSharesCache);
            var table = new EmbeddingTable(loaded.Embedding, files.Names.Embedding, graph.Width, imageToken);
            return new Parts(new TextDecoder(graph, table, SequentialPositions.FromZero, chunk), new DecoderSlots(graph, slots, capacity: 96));
        }

        public void Dispose()
        {
            Decoder.Dispose();
            Slots.Dispose();
        }
    }
}

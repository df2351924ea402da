using SafeVision.Execution;
using SafeVision.Models.Families;
using SafeVision.Models.Generation;
using SafeVision.Models.VisionLanguage;

namespace SafeVision.Tests.Models.Generation;

/// <summary>The decoder on exported graphs, held to what transformers computed from the same checkpoints.</summary>
public sealed class DecoderGoldenTests : IDisposable
{
    private readonly SessionCache _sessions = new();

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
        using Parts parts = await Parts.LoadAsync(_sessions, model, reference.ImageToken, slots: reference.Rows, chunk: 4096);
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
        using Parts parts = await Parts.LoadAsync(_sessions, model, reference.ImageToken, slots: reference.Rows, chunk: 7);
        using var scheduler = new DecoderScheduler(parts.Decoder, parts.Slots, prefillBatch: 1);
        int[][] written = await Task.WhenAll(Enumerable.Range(0, reference.Rows).Select(row => WriteAsync(scheduler, reference, row)));
        Assert.Equal(Enumerable.Range(0, reference.Rows).Select(reference.Generated), written);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    public async Task Prompts_of_different_length_computed_in_one_run_go_on_as_alone(string model)
    {
        var reference = new GoldenText(model, "batch");
        using Parts parts = await Parts.LoadAsync(_sessions, model, reference.ImageToken, slots: 2, chunk: 4096);
        DecoderSlot[] slots = [.. Enumerable.Range(0, 2).Select(row => parts.Slots.Take(reference.Prompt(row)))];
        Array.ForEach(slots, slot => slot.Features = reference.Features(slot.Row));
        int rows = 0;
        parts.Decoder.Prefill(parts.Slots.Shared, slots, (row, logits) =>
        {
            rows++;
            Close(reference.Logits(row)[^logits.Length..], logits, $"prompt of row {row}");
        });
        Assert.Equal(2, rows);
        for (int step = 0; step < GoldenText.Steps; step++)
        {
            for (int row = 0; row < 2; row++)
            {
                slots[row].Tokens.Append([reference.Generated(row)[step]]);
                Close(reference.StepLogits(step, row), parts.Decoder.Run(slots[row], 1, 1, TestContext.Current.CancellationToken), $"step {step} of row {row}");
            }
        }
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    public async Task A_sequence_taken_up_from_what_is_remembered_goes_on_as_a_new_one(string model)
    {
        var reference = new GoldenText(model, "batch");
        using Parts parts = await Parts.LoadAsync(_sessions, model, reference.ImageToken, slots: 2, chunk: 5);
        using var scheduler = new DecoderScheduler(parts.Decoder, parts.Slots, prefillBatch: 1);
        foreach (int row in new[] { 0, 1, 0, 1, 1, 0 })
        {
            Assert.Equal(reference.Generated(row), await WriteAsync(scheduler, reference, row));
        }

        Assert.Equal(reference.Prompt(0).Count - 1, scheduler.Known(reference.Prompt(0)));
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

    public void Dispose() => _sessions.Dispose();

    private sealed record Parts(TextDecoder Decoder, DecoderSlots Slots) : IDisposable
    {
        public static async Task<Parts> LoadAsync(SessionCache sessions, string model, int imageToken, int slots, int chunk)
        {
            VisionLanguageFiles files = VisionLanguageFiles.Find(GoldenText.Folder(model), new VisionLanguageFileOptions());
            VisionLanguageSessions loaded = await VisionLanguageSessions.LoadAsync(files, sessions, new ExecutionOptions(), TestContext.Current.CancellationToken);
            DecoderGraph graph = DecoderGraph.Of(loaded.Decoder, files.DecoderNames, files.DecoderSharesCache);
            var table = new EmbeddingTable(loaded.Embedding, files.EmbeddingNames.InputIds, files.EmbeddingNames.ImageFeatures, files.EmbeddingNames.Embeddings, graph.Width, imageToken);
            return new Parts(new TextDecoder(graph, table, SequentialPositions.FromZero, chunk), new DecoderSlots(graph, slots, capacity: 96));
        }

        public void Dispose()
        {
            Decoder.Dispose();
            Slots.Dispose();
        }
    }
}

using System.Text.Json;
using SafeVision.Inference;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>From checkpoint to text: every family and layout is converted, opened as a host opens it, and held to what transformers
/// computed: image features within 1e-4, logits within 1e-3, the same 16 tokens.</summary>
public sealed class EngineGoldenTests
{
    private const int Steps = 8;

    public static TheoryData<string, string, string?> Checkpoints => new()
    {
        { "internvl-llama-hf", "internvl-llama-hf", null },
        { "internvl-internlm2-orig", "internvl-llama-hf", null }, // the same weights in the other layout
        { "internvl-qwen2-hf", "internvl-qwen2-hf", null },
        { "internvl-qwen2-orig", "internvl-qwen2-hf", null },
        { "smolvlm-tiny", "smolvlm-tiny", null },
        { "qwen2vl-tiny", "qwen2vl-tiny", null },
        { "internvl-qwen3-hf", "internvl-qwen3-hf", null },
        { "internvl-qwen3-orig", "internvl-qwen3-hf", null },
        { "qwen2_5vl-tiny", "qwen2_5vl-tiny", null },
        { "qwen2_5vl-tiny", "qwen2_5vl-tiny", "config-transformers-4.5x.json" },
        { "qwen2_5vl-tiny", "qwen2_5vl-tiny", "config-transformers-5.json" },
        { "qwen2_5vl-resaved", "qwen2_5vl-tiny", null },
        { "qwen3vl-tiny", "qwen3vl-tiny", null },
        { "qwen3vl-tiny", "qwen3vl-tiny", "config-transformers-5.json" },
        { "qwen3vl-untied-tiny", "qwen3vl-untied-tiny", null },
        { "qwen3_5-tiny", "qwen3_5-tiny", null },
        { "gemma3-tiny", "gemma3-tiny", null },
        { "gemma3-resaved", "gemma3-tiny", null },
        { "shieldgemma2-tiny", "shieldgemma2-tiny", null },
        { "shieldgemma2-resaved", "shieldgemma2-tiny", null },
        { "mistral3-tiny", "mistral3-tiny", null },
    };

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public async Task A_converted_checkpoint_sees_and_says_what_the_reference_does(string checkpoint, string goldens, string? config)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        string converted = folder.PathOf("model");
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.WithConfig($"vlm/{checkpoint}", config, folder), Destination = converted }, cancellationToken: cancellation);
        using var sessions = new SessionCache();
        using VisionLanguageModel model = await VisionLanguageModel.LoadAsync(
            converted, new VisionLanguageModelOptions { MaximumTokens = checkpoint.Contains("gemma", StringComparison.Ordinal) ? 320 : checkpoint.Contains("mistral", StringComparison.Ordinal) ? 160 : 128, TokensPerRun = 32, Sequences = 2 }, sessions, new ExecutionOptions(), cancellation);
        // The fused operator does not turn heads of 24, and memories are no buffers to append to.
        Assert.Equal(!checkpoint.StartsWith("internvl-qwen3", StringComparison.Ordinal) && checkpoint != "qwen3_5-tiny", model.Sessions.Files.DecoderSharesCache);

        JsonElement facts = GoldenTensors.Json($"vlm/{goldens}/goldens.json");
        foreach (JsonProperty golden in facts.GetProperty("cases").EnumerateObject().Where(golden => GoldenTensors.Has($"vlm/{goldens}/goldens.safetensors", $"{golden.Name}.logits")))
        {
            await CheckAsync(new EngineGolden(model, goldens, golden.Name, facts, featureTolerance: 1e-4), cancellation);
        }
    }

    private static async Task CheckAsync(EngineGolden golden, CancellationToken cancellation)
    {
        Task<(int Row, int[] Written)>[] rows = [.. Enumerable.Range(0, golden.Rows).Select(async row => (row, await CheckRowAsync(golden, row, cancellation)))];
        foreach ((int row, int[] written) in await Task.WhenAll(rows))
        {
            Assert.Equal(golden.Generated(row), written);
        }
    }

    private static async Task<int[]> CheckRowAsync(EngineGolden golden, int row, CancellationToken cancellation)
    {
        (TokenSequence prompt, IReadOnlyList<ImageFeatures> features) = await golden.ReadAsync(row, cancellation);
        DecoderScheduler scheduler = golden.Model.Scheduler;
        int count = prompt.Count;
        DecoderSlot slot = await scheduler.TakeAsync(prompt, cancellation);
        slot.Features = features;

        // Logits of the whole prompt need the whole prompt in one run; what is remembered from another row has none.
        int keep = Math.Min(count - slot.Cache.Length, 24);
        float[] logits = await LogitsAsync(scheduler, slot, keep, [], cancellation);
        EngineGolden.Close(golden.Logits(row)[^logits.Length..], logits, 1e-3, $"{golden.Name}: prompt of row {row}");
        int[] generated = golden.Generated(row);
        for (int step = 0; step < Steps; step++)
        {
            logits = await LogitsAsync(scheduler, slot, 1, [generated[step]], cancellation);
            EngineGolden.Close(golden.StepLogits(step, row), logits, 1e-3, $"{golden.Name}: step {step} of row {row}");
        }

        scheduler.Return(slot);
        (prompt, features) = await golden.ReadAsync(row, cancellation);
        slot = await scheduler.TakeAsync(prompt, cancellation);
        slot.Features = features;
        var written = new List<int>();
        await scheduler.RunAsync(
            new WriteJob(slot, int.MaxValue, [], id =>
            {
                written.Add(id);
                return written.Count < generated.Length;
            }),
            cancellation);
        scheduler.Return(slot);
        return [.. written];
    }

    internal static async Task<float[]> LogitsAsync(DecoderScheduler scheduler, DecoderSlot slot, int keep, int[] said, CancellationToken cancellation)
    {
        var job = new LogitsJob(slot, keep) { PendingTokens = said };
        await scheduler.RunAsync(job, cancellation);
        return job.Logits;
    }
}

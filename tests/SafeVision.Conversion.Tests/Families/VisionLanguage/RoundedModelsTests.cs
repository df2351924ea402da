using System.Numerics.Tensors;
using System.Text.Json;
using SafeVision.Conversion.Tests.Engine;
using SafeVision.Inference;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>How far models of fewer bits are from the reference's float32 logits and greedy choices, opened as a host opens them.
/// The fixtures' weights are random and made so that their answers vary, so that nearly every choice is a close one: a trained
/// model loses less.</summary>
public sealed class RoundedModelsTests
{
    private const int Steps = 8;

    // The bounds stand a little above what was measured, and in docs/converting-a-model.md.
    [Theory]
    [InlineData("internvl-llama-hf", 0.005, 0.15, 0.7, 0.65, 0.15)]
    [InlineData("internvl-qwen2-hf", 0.005, 0.15, 0.7, 0.65, 0.15)]
    [InlineData("internvl-qwen3-hf", 0.005, 0.15, 0.7, 0.65, 0.15)]
    [InlineData("smolvlm-tiny", 0.005, 0.15, 0.7, 0.65, 0.15)]
    [InlineData("qwen2vl-tiny", 0.005, 0.15, 0.7, 0.65, 0.15)]
    [InlineData("qwen2_5vl-tiny", 0.005, 0.15, 0.7, 0.65, 0.15)]
    [InlineData("qwen3vl-tiny", 0.005, 0.15, 0.7, 0.65, 0.15)]
    [InlineData("qwen3vl-untied-tiny", 0.005, 0.15, 0.7, 0.65, 0.15)]
    [InlineData("qwen3_5-tiny", 0.008, 0.45, 0.5, 0.93, 0.05)]
    [InlineData("gemma3-tiny", 0.008, 0.3, 0.6, 0.87, 0.2)]
    [InlineData("shieldgemma2-tiny", 0.012, 0.35, 0.3, 0.85, 0)]
    [InlineData("mistral3-tiny", 0.008, 0.23, 0.75, 0.9, 0.05)]
    public async Task Logits_and_greedy_choices_stay_within_the_stated_bounds(string checkpoint, double float16, double int8, double int8Agreement, double int4, double int4Agreement)
    {
        await CheckAsync(checkpoint, "float16", float16, 1);
        await CheckAsync(checkpoint, "int8", int8, int8Agreement);
        await CheckAsync(checkpoint, "int4", int4, int4Agreement);
    }

    [Theory]
    [InlineData("internvl-llama-hf")]
    [InlineData("qwen2vl-tiny")]
    [InlineData("smolvlm-tiny")]
    public async Task Larger_blocks_lose_hardly_more(string checkpoint)
    {
        await CheckAsync(checkpoint, "int4-block64", 0.65, 0.2);
        await CheckAsync(checkpoint, "int4-block128", 0.65, 0.2);
    }

    private static async Task CheckAsync(string checkpoint, string precision, double error, double agreement)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.PathOf($"vlm/{checkpoint}"), Destination = folder.PathOf("model"), Precision = precision }, cancellationToken: cancellation);
        using var sessions = new SessionCache();
        using VisionLanguageModel model = await VisionLanguageModel.LoadAsync(folder.PathOf("model"), new VisionLanguageModelOptions { MaximumTokens = 320, Sequences = 1 }, sessions, new ExecutionOptions(), cancellation);
        (double squares, double power, int agreed, int chosen) = (0, 0, 0, 0);
        JsonElement facts = GoldenTensors.Json($"vlm/{checkpoint}/goldens.json");
        foreach (string name in new[] { "multi", "text", "policies" }.Where(name => GoldenTensors.Has($"vlm/{checkpoint}/goldens.safetensors", $"{name}.step_logits")))
        {
            var golden = new EngineGolden(model, checkpoint, name, facts, featureTolerance: double.PositiveInfinity);
            (TokenSequence prompt, IReadOnlyList<ImageFeatures> features) = await golden.ReadAsync(0, cancellation);
            DecoderSlot slot = await model.Scheduler.TakeAsync(prompt, cancellation);
            slot.Features = features;
            int[] generated = golden.Generated(0);
            float[] actual = await EngineGoldenTests.LogitsAsync(model.Scheduler, slot, 1, [], cancellation);
            Add(golden.Logits(0)[^actual.Length..], actual, generated[0]);
            for (int step = 0; step < Steps; step++) // on with the reference's tokens, so that one other choice does not make all that follow others
            {
                actual = await EngineGoldenTests.LogitsAsync(model.Scheduler, slot, 1, [generated[step]], cancellation);
                Add(golden.StepLogits(step, 0), actual, step + 1 < generated.Length ? generated[step + 1] : null);
            }

            model.Scheduler.Return(slot);
        }

        double relative = Math.Sqrt(squares / power);
        Assert.True(relative > 0 && relative <= error, $"{checkpoint}, {precision}: logits are off by {relative:0.0000}");
        Assert.True(agreed >= agreement * chosen, $"{checkpoint}, {precision}: {agreed} of {chosen} choices");

        void Add(ReadOnlySpan<float> expected, float[] actual, int? choice)
        {
            squares += Math.Pow(TensorPrimitives.Distance(expected, actual), 2);
            power += TensorPrimitives.SumOfSquares(expected);
            (agreed, chosen) = choice is { } id ? (agreed + (TensorPrimitives.IndexOfMax(actual) == id ? 1 : 0), chosen + 1) : (agreed, chosen);
        }
    }
}

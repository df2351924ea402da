using System.Numerics.Tensors;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>
/// How far models of fewer bits are from the reference's float32 logits and greedy choices. The fixtures' weights are random
/// and made so that their answers vary, so that nearly every choice is a close one: a trained model loses less.
/// </summary>
public sealed class RoundedModelsTests
{
    private static readonly (string Checkpoint, string GoldensOf)[] s_checkpoints =
    [
        ("internvl-llama-hf", "internvl-llama-hf"), ("internvl-internlm2-orig", "internvl-llama-hf"), ("internvl-qwen2-hf", "internvl-qwen2-hf"),
        ("internvl-qwen2-orig", "internvl-qwen2-hf"), ("smolvlm-tiny", "smolvlm-tiny"), ("qwen2vl-tiny", "qwen2vl-tiny"),
        ("internvl-qwen3-hf", "internvl-qwen3-hf"), ("qwen2_5vl-tiny", "qwen2_5vl-tiny"), ("qwen3vl-tiny", "qwen3vl-tiny"), ("qwen3vl-untied-tiny", "qwen3vl-untied-tiny"),
    ];

    // The bounds stand a little above what was measured, and in docs/converting-a-model.md.
    [Theory]
    [InlineData("float16", "_fp16", 0.005, 1)]
    [InlineData("int8", "_int8", 0.15, 0.7)]
    [InlineData("int4", "_q4", 0.65, 0.2)]
    [InlineData("int4-block64", "_q4", 0.65, 0.2)]
    [InlineData("int4-block128", "_q4", 0.65, 0.2)]
    public async Task Logits_and_greedy_choices_stay_within_the_stated_bounds(string precision, string suffix, double error, double agreement)
    {
        foreach ((string checkpoint, string goldensOf) in s_checkpoints)
        {
            using var folder = new TemporaryFolder();
            await ModelConverter.ConvertAsync(new ConversionOptions { Source = Fixture.PathOf($"vlm/{checkpoint}"), Destination = folder.PathOf("model"), Precision = precision });
            using var model = new ConvertedModel(folder.PathOf("model"), suffix);
            var conversation = new GoldenConversation(model, goldensOf);
            int agreed = 0, chosen = 0;
            double squares = 0, power = 0;
            foreach (string name in new[] { "multi", "text" })
            {
                (float[] expected, float[] actual, int same, int all) = conversation.Follow(name, Features(model, conversation, name));
                squares += Math.Pow(TensorPrimitives.Distance(expected, actual), 2);
                power += TensorPrimitives.SumOfSquares<float>(expected);
                (agreed, chosen) = (agreed + same, chosen + all);
            }

            double relative = Math.Sqrt(squares / power);
            Assert.True(relative > 0 && relative <= error, $"{checkpoint}: logits are off by {relative:0.0000}");
            Assert.True(agreed >= agreement * chosen, $"{checkpoint}: {agreed} of {chosen} choices");
        }
    }

    private static float[] Features(ConvertedModel model, GoldenConversation conversation, string name) =>
        !conversation.Has($"{name}.pixel_values") ? []
        : conversation.Has($"{name}.image_grid_thw") ? model.Features(conversation[$"{name}.pixel_values"], conversation[$"{name}.image_grid_thw"].Integers)
        : model.Features(conversation[$"{name}.pixel_values"]);
}

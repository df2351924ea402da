using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines;

/// <summary>The classifier engine on a model whose every number is known.</summary>
public sealed class TinyClassifierTests
{
    internal static SafetyPolicy Weapons { get; } = SafetyPolicy.Define("weapons", "1").Category(HarmCategory.Weapons_Substance_Abuse).Build();

    [Fact]
    public async Task A_label_of_the_models_map_decides_without_a_taxonomy()
    {
        using var model = new TinyModel();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Weapons).UseClassifier(model.Folder));

        Finding red = Assert.Single((await guardrail.CheckAsync(TinyModel.Picture(255, 0, 0))).Findings);
        Finding blue = Assert.Single((await guardrail.CheckAsync(TinyModel.Picture(0, 0, 255))).Findings);

        Assert.Equal((Decision.Block, Verdict.Unsafe, CoverageLevel.Partial), (red.Decision, red.Verdict, red.Coverage));
        Assert.Equal((Decision.Allow, Verdict.Safe), (blue.Decision, blue.Verdict));
        Assert.StartsWith("Looks like a red (100 %), which counts as 'Weapons and substance abuse'", red.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("Looks like a blue (100 %); the policy includes none of it.", blue.Reason);
    }

    [Fact]
    public async Task A_model_whose_head_has_several_layers_judges_without_a_heat_map()
    {
        using var model = new TinyModel(change: manifest => manifest["outputs"]!.AsObject().Remove("headWeights"));
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Weapons).UseClassifier(model.Folder));

        Finding red = Assert.Single((await guardrail.CheckAsync(TinyModel.Picture(255, 0, 0))).Findings);

        Assert.Equal(Decision.Block, red.Decision);
        Assert.Equal("tiny:0 red", Assert.Single(red.Evidence.Labels).Label);
        Assert.Null(red.Evidence.HeatMap);
        Assert.Equal("Looks like a red (100 %), which counts as 'Weapons and substance abuse'.", red.Reason);
    }

    /// <summary>Weights of the head that are sound on black, which the check at load sees, and garbage on white.</summary>
    [Theory]
    [InlineData("infinite logits", "logits", new[] { 3e38f, 3e38f, 3e38f, 3e38f, 3e38f, 3e38f, 3e38f, 3e38f, 3e38f })]
    [InlineData("infinite logits of both signs", "logits", new[] { 3e38f, 3e38f, 3e38f, 0, 0, 0, -3e38f, -3e38f, -3e38f })]
    [InlineData("a sum that is not 1", "probabilities", new[] { 1f, 1, 1, 1, 1, 1, 1, 1, 1 })]
    [InlineData("a negative probability", "probabilities", new[] { 2f, 0, 0, -1, 0, 0, 0, 0, 0 })]
    public async Task Garbage_for_one_image_is_a_failure_that_onFailure_decides_whatever_not_assessed_may_do(string what, string role, float[] head)
    {
        using var model = new TinyModel(
            TinyModel.Graph(head: graph => graph.Weights("head", [3, 3], head)).ToArray(), manifest =>
            {
                manifest["outputs"]!.AsObject().Remove("logits");
                manifest["outputs"]![role] = "logits";
            });
        foreach (Decision onFailure in new[] { Decision.Review, Decision.Block })
        {
            SafetyPolicy policy = SafetyPolicy.Define("weapons", "1").Category(HarmCategory.Weapons_Substance_Abuse)
                .OnFailure(onFailure).WhenNotAssessed(Decision.Allow).Build();
            await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseClassifier(model.Folder));

            GuardrailResult result = await guardrail.CheckAsync(TinyModel.Picture(255, 255, 255));

            Assert.True(result.Failure?.Reason == FailureReason.EngineError, $"{what}: {result.Explanation}");
            Assert.Equal((onFailure, 0), (result.Decision, result.Findings.Count));
            Assert.Contains("tiny", result.Failure!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_cancelled_run_leaves_the_engine_sound()
    {
        using var model = new TinyModel();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Weapons).UseClassifier(model.Folder));
        await guardrail.WarmUpAsync();
        for (int i = 0; i < 100; i++)
        {
            using var cancellation = new CancellationTokenSource();
            Task<GuardrailResult> check = guardrail.CheckAsync(TinyModel.Picture(255, 0, 0), cancellation.Token);
            await cancellation.CancelAsync();
            GuardrailResult? result = await check.ContinueWith(task => task.IsCompletedSuccessfully ? task.Result : null, TaskScheduler.Default);
            Assert.True(result is null || result.Decision == Decision.Block);
        }

        Assert.Equal(Decision.Block, (await guardrail.CheckAsync(TinyModel.Picture(255, 0, 0))).Decision);
    }
}

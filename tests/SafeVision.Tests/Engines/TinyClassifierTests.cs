using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines;

/// <summary>The classifier engine on a model whose every number is known.</summary>
public sealed class TinyClassifierTests
{
    internal static SafetyPolicy Weapons { get; } = SafetyPolicy.Define("weapons", "1").Category(HarmCategory.Weapons_Substance_Abuse).Build();

    [Fact]
    public async Task A_label_of_the_models_map_decides_without_a_phrase_encoder()
    {
        using var model = new TinyModel();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Weapons).UseClassifier(model.Folder));

        Finding red = Assert.Single((await guardrail.CheckAsync(TinyModel.Picture(255, 0, 0))).Findings);
        Finding blue = Assert.Single((await guardrail.CheckAsync(TinyModel.Picture(0, 0, 255))).Findings);

        Assert.Equal((Decision.Block, Verdict.Unsafe, CoverageLevel.Partial), (red.Decision, red.Verdict, red.Coverage));
        Assert.Equal((Decision.Allow, Verdict.Safe), (blue.Decision, blue.Verdict));
        Assert.StartsWith("Looks like a red (100 %), which counts as 'Weapons and substance abuse'", red.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("Nothing that the category includes was seen; the picture looks most like a blue (100 %).", blue.Reason);
    }

    [Fact]
    public async Task A_model_whose_head_has_several_layers_judges_without_a_heat_map()
    {
        using var model = new TinyModel(change: manifest => manifest["outputs"]!.AsObject().Remove("headWeights"));
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Weapons).UseClassifier(model.Folder));

        Finding red = Assert.Single((await guardrail.CheckAsync(TinyModel.Picture(255, 0, 0))).Findings);

        Assert.Equal(Decision.Block, red.Decision);
        Assert.Equal("red", Assert.Single(red.Evidence.Labels).Label);
        Assert.Null(red.Evidence.HeatMap);
        Assert.Equal("Looks like a red (100 %), which counts as 'Weapons and substance abuse'.", red.Reason);
    }

    [Fact]
    public async Task A_model_that_gives_garbage_for_one_picture_has_not_assessed_it()
    {
        // An infinite weight is finite no more once a pixel multiplies it: black pictures are sound, all others give NaN.
        using var model = new TinyModel(TinyModel.Graph(head: graph => graph.Weights("head", [3, 3], [3e38f, 3e38f, 3e38f, 3e38f, 3e38f, 3e38f, 0, 0, 0])).ToArray());
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Weapons).UseClassifier(model.Folder));

        GuardrailResult result = await guardrail.CheckAsync(TinyModel.Picture(255, 255, 255));

        Assert.Equal(Decision.Review, result.Decision);
        Assert.Equal(Verdict.NotAssessed, Assert.Single(result.Findings).Verdict);
        Assert.Contains("no probabilities", result.Findings[0].Reason, StringComparison.Ordinal);
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

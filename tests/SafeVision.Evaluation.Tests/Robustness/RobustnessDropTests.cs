using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Reports;
using SafeVision.Evaluation.Robustness;
using SafeVision.Evaluation.Runs;
using SafeVision.Evaluation.Summaries;
using SafeVision.Evaluation.Tests.Datasets;
using SafeVision.Evaluation.Tests.Explanations;

namespace SafeVision.Evaluation.Tests.Robustness;

public sealed class RobustnessDropTests(DefaultGuardrail models) : IClassFixture<DefaultGuardrail>
{
    private static readonly RunIdentity Identity = new()
    {
        Dataset = "D",
        DatasetVersion = "",
        DatasetHash = "h",
        Samples = 4,
        SamplesHash = "",
        Policy = "p",
        PolicyVersion = "",
        PolicyHash = "p",
        Models = ["m"],
        Seed = 1,
    };

    [Fact]
    public void A_loss_is_above_0_where_the_disturbed_run_is_worse_whichever_way_the_number_goes()
    {
        // Two harmful images, then two harmless ones. Disturbed, one harmful image is missed and one harmless one flagged.
        IReadOnlyList<MetricValue> losses = RobustnessDrop.Of(Dataset, Run("none", 0.9, 0.8, 0.1, 0.2), Run("jpeg-5", 0.9, 0.3, 0.1, 0.6));
        Assert.Equal(0.5, Loss("recall").Value!.Value, 12);
        Assert.Equal(0.5, Loss("falsePositiveRate").Value!.Value, 12);
        Assert.Equal(1 - 0.75, Loss("rocAuc").Value!.Value, 12); // of four pairs, one is now the wrong way round
        Assert.Equal(0.5, losses.Single(metric => metric.Name == "decisionChangeRate").Value);
        Assert.All(losses, metric => Assert.True(metric.Lower is null || (metric.Lower <= metric.Value && metric.Value <= metric.Upper)));

        MetricValue Loss(string name) => losses.Single(metric => metric.Name == "robustnessDrop" && metric.Detail == $"jpeg-5 {name}" && metric.Category is null);
    }

    [Fact]
    public void Runs_that_differ_in_more_than_the_transform_are_refused()
    {
        EvaluationRun plain = Run("none", 0.9, 0.8, 0.1, 0.2), disturbed = Run("flip", 0.9, 0.8, 0.1, 0.2);
        Assert.Throws<EvaluationException>(() => RobustnessDrop.Of(Dataset, plain, plain));
        Assert.Throws<EvaluationException>(() => RobustnessDrop.Of(Dataset, disturbed, disturbed));
        Assert.Throws<EvaluationException>(() => RobustnessDrop.Of(Dataset, plain, disturbed with { Identity = disturbed.Identity with { PolicyHash = "other" } }));
        Assert.Throws<EvaluationException>(() => RobustnessDrop.Of(Dataset, plain, disturbed with { Identity = disturbed.Identity with { Models = ["other"] } }));
    }

    [Fact]
    public async Task The_default_models_are_run_over_disturbed_photographs()
    {
        using var folder = new DatasetFolder();
        foreach ((string category, string photo) in ((string, string)[])[("cats", "chelsea.png"), ("safe", "coffee.png"), ("safe", "flower.jpg")])
        {
            folder.Write($"{category}/{photo}", await File.ReadAllBytesAsync(Repository.Photo(photo), TestContext.Current.CancellationToken));
        }

        EvaluationDataset dataset = DatasetReader.Read(folder.Path);
        RobustnessTransform transform = RobustnessTransforms.Find("border-25")!;
        EvaluationRun plain = await RunAsync("plain", null), disturbed = await RunAsync("disturbed", transform);

        IReadOnlyList<MetricValue> losses = RobustnessDrop.Of(dataset, plain, disturbed, new SummaryOptions { Resamples = 100 });
        Assert.Contains(losses, metric => metric is { Detail: "border-25 macroRocAuc", Value: >= 0 });
        Assert.Equal(3, losses.Single(metric => metric.Name == "decisionChangeRate").Support);

        Task<EvaluationRun> RunAsync(string name, RobustnessTransform? transform) => EvaluationRunner.RunAsync(
            models.Guardrail, dataset, Path.Combine(folder.Path, "runs", name), transform: transform, cancellationToken: TestContext.Current.CancellationToken);
    }

    private static EvaluationDataset Dataset { get; } = new()
    {
        Name = "D",
        Hash = "h",
        Folder = ".",
        Categories = ["A"],
        Samples = [.. Enumerable.Range(0, 4).Select(i => new EvaluationSample { Id = $"{i}", Image = $"{i}.png", Labels = i < 2 ? ["A"] : [] })],
    };

    private static EvaluationRun Run(string transform, params double[] scores) => new(
        Identity with { Transform = transform },
        [
            .. scores.Select((score, i) => new EvaluationRecord($"{i}", $"image {i}", new GuardrailResult
            {
                Decision = score >= 0.5 ? Decision.Block : Decision.Allow,
                Explanation = "",
                Findings =
                [
                    new Finding
                    {
                        Category = "A",
                        Score = score,
                        Verdict = score >= 0.5 ? Verdict.Unsafe : Verdict.Safe,
                        Threshold = 0.5,
                        Decision = score >= 0.5 ? Decision.Block : Decision.Allow,
                        Coverage = CoverageLevel.Full,
                        Reason = "",
                        Evidence = Evidence.None,
                    },
                ],
                Provenance = Results.NoProvenance,
            })),
        ]);
}

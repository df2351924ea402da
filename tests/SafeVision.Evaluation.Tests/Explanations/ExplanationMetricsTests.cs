using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Explanations;
using SafeVision.Evaluation.Reports;
using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Tests.Explanations;

public sealed class ExplanationMetricsTests
{
    [Fact]
    public void Each_number_is_the_mean_over_the_findings_that_have_what_it_needs()
    {
        IReadOnlyList<MetricValue> metrics = ExplanationMetrics.Of(Dataset, Run(
            Finding("A", [1, 0, 0, 0], new ImageBox(0, 0, 0.5, 1)), // points at the thing; its box is as large again
            Finding("A", [0, 1, 0, 1], new ImageBox(0.5, 0, 0.5, 1)), // points past it
            Finding("A", [1, 0, 0, 0], null), // the category does not apply
            Finding("A", null, null))); // nothing to point with
        Assert.Equal((0.5, 2), Value(metrics, "pointingGame"));
        Assert.Equal((0.5, 2), Value(metrics, "energyInBox"));
        Assert.Equal((0.25, 2), Value(metrics, "boxIou"));
        Assert.Equal((0.5, 2), Value(metrics, "boxHitRate"));
        Assert.Equal((1.0, 3), Value(metrics, "reasonNamesObject"));
        Assert.Equal((1.0, 4), Value(metrics, "explanationConsistency"));
        Assert.Equal(12, metrics.Count); // all together and the one category
        Assert.All(metrics, metric => Assert.InRange(metric.Value!.Value, metric.Lower!.Value, metric.Upper!.Value));
    }

    [Fact]
    public void Without_a_finding_a_number_is_undefined_and_never_perfect()
    {
        IReadOnlyList<MetricValue> metrics = ExplanationMetrics.Of(Dataset, Run());
        Assert.Equal(6, metrics.Count);
        Assert.All(metrics, metric => Assert.Equal((null, 0), (metric.Value, metric.Support)));
    }

    [Fact]
    public void An_answer_for_a_sample_that_is_none_is_refused() =>
        Assert.Throws<EvaluationException>(() => ExplanationMetrics.Of(Dataset.With([]), Run(Finding("A", null, null))));

    private static (double, int) Value(IReadOnlyList<MetricValue> metrics, string name)
    {
        MetricValue metric = metrics.Single(metric => metric.Name == name && metric.Category is null);
        return (metric.Value!.Value, metric.Support);
    }

    private static EvaluationDataset Dataset { get; } = new()
    {
        Name = "D",
        Hash = "h",
        Folder = ".",
        Categories = ["A"],
        Samples =
        [
            .. Enumerable.Range(0, 4).Select(i => new EvaluationSample
            {
                Id = $"{i}",
                Image = $"{i}.png",
                Labels = i == 2 ? [] : ["A"],
                Objects = [new SampleObject("knife", new ImageBox(0, 0, 0.5, 0.5), ["A"])],
            }),
        ],
    };

    private static Finding Finding(string category, float[]? heat, ImageBox? box) => new()
    {
        Category = category,
        Score = 0.9,
        Verdict = Verdict.Unsafe,
        Threshold = 0.8,
        Decision = Decision.Block,
        Coverage = CoverageLevel.Full,
        Reason = "Looks like knife.",
        Evidence = new Evidence
        {
            Labels = [new LabelEvidence("coco:43 knife", 0.9, "knives", "is", "knife")],
            HeatMap = heat is null ? null : new HeatMap(2, 2, heat, ImageBox.Whole),
            Boxes = box is { } one ? [one] : [],
        },
    };

    private static EvaluationRun Run(params Finding[] findings) => new(
        new RunIdentity { Dataset = "D", DatasetVersion = "", DatasetHash = "h", Samples = 4, SamplesHash = "", Policy = "p", PolicyVersion = "", PolicyHash = "", Models = [], Seed = 1 },
        [
            .. findings.Select((finding, i) => new EvaluationRecord($"{i}", "", new GuardrailResult
            {
                Decision = finding.Decision,
                Explanation = "",
                Findings = [finding],
                Provenance = Results.NoProvenance,
            })),
        ]);
}

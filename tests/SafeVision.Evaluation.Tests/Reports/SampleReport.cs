using SafeVision.Assessments;
using SafeVision.Evaluation.Reports;
using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Tests.Reports;

/// <summary>A report with something in every part. Names are what a hostile dataset would choose.</summary>
internal static class SampleReport
{
    public const string HostileCategory = "<script>alert('category')</script>\"><img src=x onerror=alert(1)>";
    public const string HostileReason = "</style></script><h1 id=owned>owned</h1> \u202Egnp.exe\u0000 <a href=javascript:alert(1)>x</a>";
    public const string HostileSample = "a`b|c\n# @everyone [x](http://evil.example/)<iframe src=//evil.example>.png";

    public static RunIdentity Identity { get; } = new()
    {
        Dataset = "visionharm-s",
        DatasetVersion = "1",
        DatasetHash = new string('d', 64),
        Samples = 400,
        SamplesHash = new string('5', 64),
        Policy = "storefront",
        PolicyVersion = "3",
        PolicyHash = new string('a', 64),
        Models = [$"classifier efficientnet-lite0 {new string('e', 64)} cpu", $"classifier nsfw-mobilenet-v2-mid {new string('f', 64)} cpu"],
        Seed = 20261124,
    };

    public static Finding Finding { get; } = new()
    {
        Category = HostileCategory,
        Score = 0.12,
        Verdict = Verdict.Safe,
        Threshold = 0.35,
        Decision = Decision.Allow,
        Coverage = CoverageLevel.Partial,
        Reason = HostileReason,
        Evidence = new Evidence
        {
            Labels = [new LabelEvidence("<b>label</b>", 0.4, "phrase", "kind of", "thing")],
            Words = HostileReason,
            HeatMap = new HeatMap(4, 4, [0, 0, 0, 0, 0, 1, 0.8f, 0, 0, 0.6f, 0.4f, 0, 0, 0, 0, 0], ImageBox.Whole),
            Boxes = [new ImageBox(0.25, 0.25, 0.5, 0.5)],
        },
    };

    public static EvaluationReport Create(params IReadOnlyList<ReportMistake> mistakes)
    {
        string[] categories = ["weapons", "alcohol", HostileCategory];
        return new EvaluationReport
        {
            Identity = Identity,
            Metrics =
            [
                Measured("macroRecall", 0.71, 0.66, 0.76, 3), Measured("falsePositiveRate", 0.043, 0.031, 0.058, 280),
                Measured("precision", 0.88, 0.82, 0.93, 97), Measured("macroRocAuc", 0.853, 0.83, 0.88, 3),
                Measured("macroAveragePrecision", 0.507, 0.46, 0.55, 3), Measured("kappa", 0.62, 0.55, 0.68, 400),
                MetricCatalog.Value("falsePositiveRateAtRecall", 0.31, 280, detail: "0.95"),
                MetricCatalog.Value("latencyP95", 41.37, 400), MetricCatalog.Value("imagesPerSecond", 31.2, 400),
                MetricCatalog.Value("robustnessDrop", 0.08, 400, detail: "rocAuc, blur 3"),
                .. categories.SelectMany((category, i) => (MetricValue[])
                [
                    MetricCatalog.Value("prevalence", 0.1, 400, category),
                    Measured("recall", i == 2 ? null : 0.6 + (0.1 * i), 0.5, 0.9, 40, category),
                    Measured("falsePositiveRate", 0.0004 + (0.02 * i), 0.0001, 0.06, 360, category),
                    Measured("rocAuc", 0.9 - (0.05 * i), 0.8, 0.95, 40, category),
                ]),
            ],
            Curves =
            [
                .. categories.SelectMany((category, i) => (ReportCurve[])
                [
                    new(CurveKind.Roc, category, [.. Enumerable.Range(0, 101).Select(k => new CurvePoint(k / 100.0, Math.Pow(k / 100.0, 0.15 + (0.1 * i))))]),
                    new(CurveKind.PrecisionRecall, category, [.. Enumerable.Range(0, 101).Select(k => new CurvePoint(k / 100.0, 1 - (Math.Pow(k / 100.0, 3) * (0.5 + (0.15 * i)))))]),
                ]),
                new(CurveKind.Reliability, "all", [.. Enumerable.Range(0, 10).Select(k => new CurvePoint(0.05 + (k / 10.0), Math.Pow(0.05 + (k / 10.0), 1.6)))]),
            ],
            Decisions = new DecisionCounts(240, 60, 97, 3),
            Confusion = new ConfusionTable(["safe", .. categories], [[240, 10, 5, 3], [8, 30, 2, 0], [12, 1, 27, 0], [30, 0, 0, 10]]),
            Mistakes = mistakes,
            Notes = ["3 images could not be read.", $"No sample of {HostileCategory}."],
        };
    }

    public static ReportMistake Mistake(string sample = HostileSample, bool missed = true) => new()
    {
        Sample = sample,
        Category = HostileCategory,
        Missed = missed,
        Severity = 0.23,
        Labels = missed ? [HostileCategory, "weapons"] : [],
        Finding = Finding,
    };

    private static MetricValue Measured(string name, double? value, double lower, double upper, int support, string? category = null) =>
        MetricCatalog.Value(name, value, support, category) with { Lower = lower, Upper = upper };
}

using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Reports;
using SafeVision.Evaluation.Runs;
using SafeVision.Evaluation.Summaries;

namespace SafeVision.Evaluation.Tests.Summaries;

public sealed class RunSummaryTests
{
    private const double Missing = double.NaN;

    /// <summary>A run over samples given as labels and scores of the categories a and b, flagged from 0.5.</summary>
    private static ScoredRun Run(params (string Labels, double A, double B)[] rows)
    {
        EvaluationDataset dataset = new()
        {
            Name = "made",
            Hash = "00",
            Folder = ".",
            Categories = ["a", "b"],
            Samples = [.. rows.Select((row, i) => new EvaluationSample { Id = $"{i}", Image = "x.png", Labels = [.. row.Labels.Select(label => $"{label}")] })],
        };
        EvaluationRecord[] records = [.. rows.Select((row, i) => new EvaluationRecord($"{i}", "", Result(("a", row.A), ("b", row.B), ("c", 0.9))))];
        return ScoredRun.Create(dataset, new EvaluationRun(Identity(rows.Length), records));
    }

    private static RunIdentity Identity(int samples) => new()
    {
        Dataset = "made",
        DatasetVersion = "1",
        DatasetHash = "00",
        Samples = samples,
        SamplesHash = "",
        Policy = "p",
        PolicyVersion = "1",
        PolicyHash = "11",
        Models = [],
        Seed = 1,
    };

    private static GuardrailResult Result(params (string Category, double Score)[] scores) => new()
    {
        Decision = scores.Any(score => score.Score >= 0.5) ? Decision.Block : Decision.Allow,
        Explanation = "",
        Provenance = new Provenance { Policy = "p", PolicyVersion = "1", PolicyHash = "11", Models = [], Durations = new StageDurations(1, 1, 1) },
        Findings =
        [
            .. scores.Select(score => new Finding
            {
                Category = score.Category,
                Score = double.IsNaN(score.Score) ? null : score.Score,
                Verdict = double.IsNaN(score.Score) ? Verdict.NotAssessed : score.Score >= 0.5 ? Verdict.Unsafe : Verdict.Safe,
                Threshold = 0.5,
                Decision = score.Score >= 0.5 ? Decision.Block : Decision.Allow,
                Coverage = CoverageLevel.Full,
                Reason = "",
                Evidence = Evidence.None,
            }),
        ],
    };

    private static double Value(EvaluationReport report, string name, string? category = null) =>
        Assert.Single(report.Metrics, metric => metric.Name == name && metric.Category == category).Value ?? double.NaN;

    [Fact]
    public void Numbers_are_those_that_a_hand_computes()
    {
        EvaluationReport report = RunSummary.Create(Run(("a", 0.9, 0.1), ("a", 0.4, 0.1), ("b", 0.6, 0.8), ("", 0.2, 0.3), ("", 0.1, 0.7)));

        Assert.Equal(0.5, Value(report, "recall", "a"));
        Assert.Equal(0.5, Value(report, "precision", "a"));
        Assert.Equal(1.0 / 3, Value(report, "falsePositiveRate", "a"), 1e-12);
        Assert.Equal(5.0 / 6, Value(report, "rocAuc", "a"), 1e-12);
        Assert.Equal(1.0, Value(report, "rocAuc", "b"));
        Assert.Equal(((5.0 / 6) + 1) / 2, Value(report, "macroRocAuc"), 1e-12);
        Assert.Equal(0.6, Value(report, "accuracy"), 1e-12); // any category: two right of three, one of two
        Assert.Equal(2.0 / 5, Value(report, "exactMatch"), 1e-12);
        Assert.Equal(2.0 / 5, Value(report, "prevalence", "a"), 1e-12);
    }

    [Fact]
    public void What_was_not_assessed_is_missed_and_not_ranked()
    {
        EvaluationReport report = RunSummary.Create(Run(("a", Missing, 0.1), ("a", 0.9, 0.1), ("", Missing, 0.1), ("", 0.3, Missing)));

        Assert.Equal(0.5, Value(report, "recall", "a"));
        Assert.Equal(0.5, Value(report, "notAssessed", "a"));
        Assert.Equal(1.0, Value(report, "rocAuc", "a"));
        Assert.Contains(report.Notes, note => note.StartsWith("a was not assessed on 2 images", StringComparison.Ordinal));
        Assert.True(double.IsNaN(Value(report, "recall", "b")));
        Assert.Contains(report.Notes, note => note.EndsWith(": a 2, b 0.", StringComparison.Ordinal));
    }

    [Fact]
    public void A_category_that_the_dataset_was_not_annotated_for_gives_no_number()
    {
        EvaluationReport report = RunSummary.Create(Run(("a", 0.9, 0.1), ("", 0.1, 0.1)));

        Assert.DoesNotContain(report.Metrics, metric => metric.Category == "c");
        Assert.Equal(1.0, Value(report, "accuracy"));
        Assert.Contains(report.Notes, note => note.EndsWith(": c.", StringComparison.Ordinal));
    }

    [Fact]
    public void Intervals_hold_the_number_and_are_the_same_each_time()
    {
        (string, double, double)[] rows = [.. Enumerable.Range(0, 120).Select(i => (i % 3 == 0 ? "a" : "", ((i * 37) % 100) / 100.0 * (i % 3 == 0 ? 1.3 : 1) % 1, 0.1))];
        EvaluationReport first = RunSummary.Create(Run(rows)), second = RunSummary.Create(Run(rows));

        MetricValue area = Assert.Single(first.Metrics, metric => metric is { Name: "rocAuc", Category: "a" });
        Assert.InRange(area.Value!.Value, area.Lower!.Value, area.Upper!.Value);
        Assert.InRange((area.Upper - area.Lower)!.Value, 0.05, 0.4);
        Assert.Equal(first.Metrics, second.Metrics);
    }

    [Fact]
    public void The_worst_mistakes_come_first_misses_and_false_alarms_in_turn()
    {
        EvaluationReport report = RunSummary.Create(Run(("a", 0.4, 0.1), ("a", 0.1, 0.1), ("", 0.95, 0.1), ("", 0.6, 0.1), ("", 0.1, 0.1)));

        Assert.Equal(["1", "2", "0", "3"], report.Mistakes.Select(mistake => mistake.Sample));
        Assert.Equal([true, false, true, false], report.Mistakes.Select(mistake => mistake.Missed));
    }

    [Fact]
    public void Failed_images_are_counted_and_never_right_about_harm()
    {
        ScoredRun run = Run(("a", 0.9, 0.1), ("a", 0.9, 0.1), ("", 0.1, 0.1));
        EvaluationRecord failed = run.Run.Records[1] with
        {
            Result = run.Run.Records[1].Result with { Findings = [], Failure = new GuardrailFailure(FailureReason.TimedOut, "too slow") },
        };
        EvaluationDataset dataset = new() { Name = "made", Hash = "00", Folder = ".", Categories = ["a", "b"], Samples = run.Samples };
        EvaluationReport report = RunSummary.Create(ScoredRun.Create(dataset, run.Run with { Records = [run.Run.Records[0], failed, run.Run.Records[2]] }));

        Assert.Equal(0.5, Value(report, "recall", "a"));
        Assert.Equal(1.0 / 3, Value(report, "failed"), 1e-12);
        Assert.Contains(report.Notes, note => note.StartsWith("1 images could not be judged", StringComparison.Ordinal));
    }

    [Fact]
    public void A_category_that_nobody_assessed_shows_in_the_share_over_all_findings()
    {
        EvaluationReport report = RunSummary.Create(Run(("a", Missing, 0.1), ("b", Missing, 0.8), ("", Missing, 0.3), ("", 0.2, 0.3)));

        Assert.Equal(0.75, Value(report, "notAssessed", "a"));
        Assert.Equal(0.0, Value(report, "notAssessed", "b"));
        Assert.Equal(0.375, Value(report, "notAssessed"));
    }

    [Fact]
    public void Every_image_is_counted_once_as_allowed_reviewed_blocked_or_failed()
    {
        ScoredRun run = Run(("a", 0.9, 0.1), ("a", 0.9, 0.1), ("", 0.1, 0.1), ("", 0.1, 0.1), ("", 0.1, 0.1));
        EvaluationRecord[] records = [.. run.Run.Records];
        records[1] = records[1] with { Result = records[1].Result with { Findings = [], Decision = Decision.Block, Failure = new GuardrailFailure(FailureReason.TimedOut, "too slow") } };
        records[2] = records[2] with { Result = records[2].Result with { Decision = Decision.Review } };
        records[3] = records[3] with { Result = records[3].Result with { Decision = Decision.Allow } };
        records[4] = records[4] with { Result = records[4].Result with { Decision = Decision.Allow } };
        EvaluationDataset dataset = new() { Name = "made", Hash = "00", Folder = ".", Categories = ["a", "b"], Samples = run.Samples };
        EvaluationReport report = RunSummary.Create(ScoredRun.Create(dataset, run.Run with { Records = records }));

        Assert.Equal(new DecisionCounts(Allowed: 2, Reviewed: 1, Blocked: 1, Failed: 1), report.Decisions);
        Assert.Equal(1.0, Value(report, "allowed") + Value(report, "reviewed") + Value(report, "blocked"), 1e-12);
        Assert.Contains("Images: 2 allowed, 1 sent to review, 1 blocked, 1 could not be judged.", MarkdownReport.Render(report), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_without_an_answer_is_a_report_without_numbers() => Assert.Empty(RunSummary.Create(Run()).Metrics);
}

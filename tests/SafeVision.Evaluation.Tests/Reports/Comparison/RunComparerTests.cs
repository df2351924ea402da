using System.Text;
using System.Text.Json;
using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Reports.Comparison;
using SafeVision.Evaluation.Runs;
using SafeVision.Evaluation.Summaries;

namespace SafeVision.Evaluation.Tests.Reports.Comparison;

public sealed class RunComparerTests : IDisposable
{
    private const string Hostile = SampleReport.HostileCategory;

    private static readonly SummaryOptions s_options = new() { Resamples = 200 };

    private readonly string _folder = Directory.CreateTempSubdirectory("safevision-comparison").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_run_does_not_differ_from_itself()
    {
        EvaluationDataset dataset = Dataset(120);
        EvaluationRun run = Run(dataset, _ => 0.5);
        RunComparison comparison = RunComparer.Compare(dataset, run, run, s_options, TestContext.Current.CancellationToken);
        Assert.Empty(comparison.Changes);
        Assert.Equal(120, comparison.Samples);
        Assert.NotEmpty(comparison.Metrics);
        Assert.All(comparison.Metrics, metric =>
        {
            Assert.True(metric.Difference is null || metric.Difference == 0);
            Assert.True(metric is { Lower: null, Upper: null } || metric is { Lower: 0, Upper: 0 });
            Assert.Equal(DifferenceVerdict.Unclear, metric.Verdict);
        });
    }

    [Fact]
    public void Misses_that_were_mended_are_named_and_their_gain_is_told_from_chance()
    {
        EvaluationDataset dataset = Dataset(200); // every fourth shows weapons: 50
        EvaluationRun before = Run(dataset, row => row % 8 == 0 ? 0.1 : 0.9); // misses half of them
        EvaluationRun after = Run(dataset, row => row % 16 == 0 ? 0.1 : 0.9); // and then a quarter
        RunComparison comparison = RunComparer.Compare(dataset, before, after, s_options, TestContext.Current.CancellationToken);

        MetricDifference recall = comparison.Metrics.Single(metric => metric is { Name: "recall", Category: "weapons" });
        Assert.Equal(0.5, recall.First!.Value, 12);
        Assert.Equal(37.0 / 50, recall.Second!.Value, 12);
        Assert.InRange(recall.Difference!.Value, recall.Lower!.Value, recall.Upper!.Value);
        Assert.Equal(DifferenceVerdict.Better, recall.Verdict);
        Assert.Equal(12, comparison.Changes.Count);
        Assert.All(comparison.Changes, change =>
        {
            Assert.True(change.Mended);
            Assert.True(change.Applies);
            Assert.Equal((Verdict.Safe, Verdict.Unsafe, "weapons"), (change.First, change.Second, change.Category));
        });
        Assert.Equal(Enumerable.Range(0, 200).Where(row => row % 8 == 0 && row % 16 != 0).Select(Id), comparison.Changes.Select(change => change.Sample));
    }

    [Fact]
    public void The_other_way_round_every_difference_has_the_other_sign()
    {
        EvaluationDataset dataset = Dataset(150);
        EvaluationRun first = Run(dataset, row => row * 37 % 101 / 100.0), second = Run(dataset, row => row * 59 % 97 / 96.0);
        RunComparison there = RunComparer.Compare(dataset, first, second, s_options, TestContext.Current.CancellationToken);
        RunComparison back = RunComparer.Compare(dataset, second, first, s_options, TestContext.Current.CancellationToken);
        foreach ((MetricDifference one, MetricDifference other) in there.Metrics.Zip(back.Metrics))
        {
            Assert.Equal(one.Difference ?? double.NaN, -(other.Difference ?? double.NaN), 12);
            Assert.Equal(one.Lower ?? double.NaN, -(other.Upper ?? double.NaN), 12);
            Assert.Equal(one.Verdict, other.Verdict switch { DifferenceVerdict.Better => DifferenceVerdict.Worse, DifferenceVerdict.Worse => DifferenceVerdict.Better, var same => same });
        }

        Assert.Contains(there.Metrics, metric => metric.Difference != 0);
        Assert.Equal(there.Changes.Count(change => change.Mended == true), back.Changes.Count(change => change.Mended == false));
    }

    [Fact]
    public void A_category_that_is_no_longer_assessed_is_no_gain()
    {
        EvaluationDataset dataset = Dataset(80);
        RunComparison comparison = RunComparer.Compare(dataset, Run(dataset, _ => 0.1), Run(dataset, _ => double.NaN), s_options, TestContext.Current.CancellationToken);
        Assert.Contains(comparison.Changes, change => change is { Second: Verdict.NotAssessed, Applies: false, Mended: false });
        Assert.DoesNotContain(comparison.Changes, change => change.Mended == true);
    }

    [Fact]
    public void Runs_over_other_samples_are_compared_where_they_meet_and_it_is_said()
    {
        EvaluationDataset dataset = Dataset(100);
        EvaluationRun all = Run(dataset, _ => 0.5);
        EvaluationRun part = all with { Records = [.. all.Records.Skip(40).Reverse()] };
        EvaluationRun other = part with { Records = [part.Records[0] with { ImageHash = "other" }, .. part.Records.Skip(1)] };
        RunComparison comparison = RunComparer.Compare(dataset, all, other, s_options, TestContext.Current.CancellationToken);
        Assert.Equal(59, comparison.Samples);
        Assert.Contains(comparison.Notes, note => note.Contains("not of the same samples", StringComparison.Ordinal) && note.Contains("59", StringComparison.Ordinal));
        Assert.Contains(comparison.Notes, note => note.StartsWith("1 images were left out", StringComparison.Ordinal));
        Assert.All(comparison.Metrics.Where(metric => metric is { Name: "recall", Support: > 0 }), metric => Assert.Equal(0, metric.Difference));
    }

    [Fact]
    public void Runs_that_never_meet_are_refused()
    {
        EvaluationDataset dataset = Dataset(20);
        EvaluationRun run = Run(dataset, _ => 0.5);
        Assert.Contains("not of the same samples", Refused(run with { Records = [.. run.Records.Take(10)] }, run with { Records = [.. run.Records.Skip(10)] }), StringComparison.Ordinal);
        Assert.Contains("different datasets", Refused(run, run with { Identity = run.Identity with { DatasetHash = "another" } }), StringComparison.Ordinal);
        Assert.Contains("two answers for the sample", Refused(run, run with { Records = [.. run.Records, run.Records[3]] }), StringComparison.Ordinal);
        Assert.Contains("not of the same samples", Refused(run with { Records = [] }, run), StringComparison.Ordinal);

        string Refused(EvaluationRun first, EvaluationRun second) =>
            Assert.Throws<EvaluationException>(() => RunComparer.Compare(dataset, first, second, s_options, TestContext.Current.CancellationToken)).Message;
    }

    [Fact]
    public async Task Three_files_hold_the_comparison_and_hostile_names_stay_text()
    {
        EvaluationDataset dataset = Dataset(60);
        RunComparison comparison = RunComparer.Compare(
            dataset, Run(dataset, row => row % 3 / 2.0), Run(dataset, _ => 0.9), s_options, TestContext.Current.CancellationToken);
        string page = await ComparisonFolder.WriteAsync(_folder, comparison, TestContext.Current.CancellationToken);
        byte[][] first = Files();
        await ComparisonFolder.WriteAsync(_folder, comparison, TestContext.Current.CancellationToken);
        Assert.Equal(first, Files());

        string html = Encoding.UTF8.GetString(File.ReadAllBytes(page));
        Assert.Contains("&lt;script&gt;alert(&#x27;category&#x27;)", html, StringComparison.Ordinal);
        int differing = comparison.Metrics.Count(metric => metric.Verdict != DifferenceVerdict.Unclear);
        Assert.True(differing > 0);
        Assert.Contains($"{differing} of {comparison.Metrics.Count} numbers have an interval that leaves out 0.", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder, "comparison.json")));
        Assert.Equal(comparison.Changes.Count, json.RootElement.GetProperty("changes").GetArrayLength());
        Assert.Equal(comparison.Metrics.Count, json.RootElement.GetProperty("metrics").GetArrayLength());
        string markdown = File.ReadAllText(Path.Combine(_folder, "comparison.md"));
        Assert.Contains("became right", markdown, StringComparison.Ordinal);
        Assert.InRange(markdown.Length, 1, SafeVision.Evaluation.Reports.MarkdownReport.MaxLength);

        byte[][] Files() => [.. Directory.GetFiles(_folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    }

    private static string Id(int row) => $"images/{row:D3}.png";

    private static EvaluationDataset Dataset(int count) => new()
    {
        Name = "photos",
        Hash = "dataset",
        Folder = "/photos",
        Categories = ["weapons", Hostile],
        Samples = [.. Enumerable.Range(0, count).Select(row => new EvaluationSample { Id = Id(row), Image = Id(row), Labels = row % 4 == 0 ? ["weapons"] : [] })],
    };

    /// <summary>A run in which samples with weapons have the given score for them, all others 0.2.</summary>
    private static EvaluationRun Run(EvaluationDataset dataset, Func<int, double> score) => new(
        SampleReport.Identity with { DatasetHash = dataset.Hash, Samples = dataset.Samples.Count },
        [
            .. dataset.Samples.Select((sample, row) => new EvaluationRecord(sample.Id, $"hash {row}", new GuardrailResult
            {
                Decision = Decision.Allow,
                Explanation = "",
                Findings = [Finding("weapons", sample.Labels.Count > 0 || double.IsNaN(score(row)) ? score(row) : 0.2), Finding(Hostile, 0.1)],
                Provenance = new Provenance { Policy = "p", PolicyVersion = "1", PolicyHash = "h", Models = [], Durations = new StageDurations(1, 2, 3) },
            })),
        ]);

    private static Finding Finding(string category, double score) => new()
    {
        Category = category,
        Score = score,
        Verdict = double.IsNaN(score) ? Verdict.NotAssessed : score >= 0.4 ? Verdict.Unsafe : Verdict.Safe,
        Threshold = 0.4,
        Decision = score >= 0.4 ? Decision.Block : Decision.Allow,
        Coverage = CoverageLevel.Full,
        Reason = "",
        Evidence = Evidence.None,
    };
}

using System.Text.RegularExpressions;
using SafeVision.Evaluation.Calibration;
using SafeVision.Evaluation.Metrics;
using SafeVision.Evaluation.Reports;

namespace SafeVision.Evaluation.Tests.Reports;

/// <summary>docs/measuring.md, held to the catalogue of metrics.</summary>
public sealed partial class MeasuringDocumentTests
{
    private static readonly string s_document = File.ReadAllText(Repository.Fixture("measuring.md"));

    [Fact]
    public void Every_metric_that_a_report_can_hold_is_explained_and_no_other()
    {
        string[] explained = [.. Sections().SelectMany(section => Name().Matches(section.Split('\n')[0]).Select(match => match.Groups[1].Value))];
        Assert.Equal(MetricCatalog.All.Select(metric => metric.Name).Order(StringComparer.Ordinal), explained.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_explanation_has_an_example_and_says_when_it_misleads() => Assert.All(Sections(), section =>
    {
        Assert.Matches(@"\nExample: .{10,}", section);
        Assert.Matches(@"\nMisleads: .{10,}", section);
    });

    [Fact]
    public void The_catalogue_has_a_sentence_for_each_metric_and_no_name_twice()
    {
        Assert.Equal(MetricCatalog.All.Count, MetricCatalog.All.Select(metric => metric.Name).Distinct().Count());
        Assert.Equal(MetricCatalog.All.Count, MetricCatalog.All.Select(metric => metric.Title).Distinct().Count());
        Assert.All(MetricCatalog.All, metric =>
        {
            Assert.Matches("^[A-Z].*[.]$", metric.Meaning);
            Assert.Matches("^[a-z][A-Za-z0-9]*$", metric.Name);
        });
        Assert.Contains("docs/measuring.md", Assert.Throws<ArgumentException>(() => MetricCatalog.Value("luck", 1, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_documents_examples_are_what_the_library_computes()
    {
        Assert.Equal(0.615, new BinaryConfusion(40, 10, 0, 40).Positive.F1, 3); // precision 0.8, recall 0.5
        Assert.Equal(0.850, new BinaryConfusion(8, 100, 900, 2).BalancedAccuracy!.Value, 9);
        Assert.Equal(0.026, BinaryMetrics.PrecisionAtPrevalence(0.8, 0.03, 0.001)!.Value, 3);
        Assert.Equal(0.545, TextMetrics.RougeL("a man holds a gun", "the man is holding a gun").F1, 3);
        double[] positives = [.. Enumerable.Range(0, 59).Select(i => 0.5 + (i / 200.0))];
        Assert.NotNull(ConformalThreshold.ForMisses(positives, 0.05, 0.95).Threshold);
        Assert.Null(ConformalThreshold.ForMisses(positives.AsSpan()[..58], 0.05, 0.95).Threshold);
        Assert.All<string>(["give 0.615", "= 0.850", ": 0.026.", ": 0.545.", "needs 59 harmful"], words => Assert.Contains(words, s_document, StringComparison.Ordinal));
    }

    private static string[] Sections() => [.. s_document.ReplaceLineEndings("\n").Split("\n### ").Skip(1).Select(section => section.Split("\n## ")[0])];

    [GeneratedRegex("`([A-Za-z0-9]+)`")]
    private static partial Regex Name();
}

using SafeVision.Evaluation.Reports;

namespace SafeVision.Evaluation.Tests.Reports;

public sealed class MarkdownReportTests
{
    [Fact]
    public void Foreign_words_stand_in_code_spans_and_break_no_table()
    {
        string text = MarkdownReport.Render(SampleReport.Create(SampleReport.Mistake()));
        string[] lines = text.Split('\n');
        foreach (string line in lines.Where(line => line.StartsWith('|')))
        {
            // Outside of code spans there is nothing that GitHub would make a link, an element or a mention.
            string outside = string.Concat(line.Split('`').Where((_, i) => i % 2 == 0));
            Assert.DoesNotContain("<", outside, StringComparison.Ordinal);
            Assert.DoesNotContain("@", outside, StringComparison.Ordinal);
            Assert.DoesNotContain("](", outside, StringComparison.Ordinal);
        }

        string mistake = Assert.Single(lines, line => line.Contains("@everyone", StringComparison.Ordinal));
        Assert.Equal(5, mistake.Replace("\\|", "", StringComparison.Ordinal).Count(character => character == '|'));
    }

    [Fact]
    public void A_report_of_any_size_fits_into_a_comment()
    {
        MetricValue[] metrics = [.. Enumerable.Range(0, 5000).Select(i => MetricCatalog.Value("flipRate", 0.5, 10, detail: $"kind {i} {new string('|', 200)}"))];
        string text = MarkdownReport.Render(new EvaluationReport { Identity = SampleReport.Identity, Metrics = metrics });
        Assert.InRange(text.Length, 50_000, MarkdownReport.MaxLength);
        Assert.EndsWith("have all.\n", text, StringComparison.Ordinal);
    }
}

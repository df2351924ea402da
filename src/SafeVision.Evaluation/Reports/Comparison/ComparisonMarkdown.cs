using System.Globalization;
using System.Text;

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>A comparison as Markdown that fits into a comment on a pull request.</summary>
public static class ComparisonMarkdown
{
    private const int MostRows = 60;
    private const int MostChanges = 20;

    /// <summary>The comparison's text, lines ending with a line feed.</summary>
    /// <param name="comparison">The two runs.</param>
    public static string Render(RunComparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## Two runs over {comparison.Samples} images of {MarkdownText.Code(comparison.First.Dataset)}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"A: {MarkdownText.CodeLine(ReportIdentity.Line(comparison.First))}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"B: {MarkdownText.CodeLine(ReportIdentity.Line(comparison.Second))}\n\n");
        MarkdownReport.AppendNotes(text, comparison.Notes);
        text.Append("| metric | category | A | B | B - A | interval | |\n|---|---|--:|--:|--:|--:|---|\n");
        foreach (MetricDifference metric in comparison.Metrics.OrderBy(metric => metric.Verdict is DifferenceVerdict.Unclear).ThenBy(metric => metric.Category is not null).Take(MostRows))
        {
            text.Row(
                $"{MetricCatalog.Find(metric.Name)?.Title ?? MarkdownText.Code(metric.Name)}{(metric.Detail is null ? "" : $" {MarkdownText.Code(metric.Detail)}")}",
                metric.Category is null ? "all" : MarkdownText.Code(metric.Category),
                ReportText.Number(metric.First, metric.Unit),
                ReportText.Number(metric.Second, metric.Unit),
                ReportText.Difference(metric.Difference, metric.Unit),
                ReportText.Interval(metric.Lower, metric.Upper, metric.Unit),
                metric.Verdict is DifferenceVerdict.Unclear ? "" : $"**{Word(metric.Verdict)}**");
        }

        text.Append(comparison.Metrics.Count > MostRows ? $"\n{comparison.Metrics.Count - MostRows} more numbers, are in the page.\n\n" : "\n");
        int broken = comparison.Changes.Count(change => change.Mended == false), mended = comparison.Changes.Count(change => change.Mended == true);
        text.Append(CultureInfo.InvariantCulture, $"{comparison.Changes.Count} verdicts changed: {mended} became right, {broken} became wrong.\n");
        if (comparison.Changes.Count > 0)
        {
            text.Append("\n| sample | category | true | A | B | |\n|---|---|---|---|---|---|\n");
            foreach (VerdictChange change in comparison.Changes.Take(MostChanges))
            {
                text.Row(
                    MarkdownText.Code(change.Sample),
                    MarkdownText.Code(change.Category),
                    change.Applies ? "applies" : "does not",
                    $"{Word(change.First)} {ReportText.Number(change.FirstScore, MetricUnit.Share)}",
                    $"{Word(change.Second)} {ReportText.Number(change.SecondScore, MetricUnit.Share)}",
                    Word(change.Mended));
            }
        }

        return MarkdownReport.Fit(text);
    }

    internal static string Word(DifferenceVerdict verdict) => verdict switch
    {
        DifferenceVerdict.Better => "better",
        DifferenceVerdict.Worse => "worse",
        DifferenceVerdict.Different => "different",
        _ => "",
    };

    internal static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Safe => "safe",
        Verdict.Unsafe => "unsafe",
        _ => "not assessed",
    };

    internal static string Word(bool? mended) => mended switch { true => "became right", false => "became wrong", null => "" };
}

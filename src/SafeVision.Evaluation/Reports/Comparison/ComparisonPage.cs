using System.Globalization;
using SafeVision.Evaluation.Reports.Pages;

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>A comparison as one page that needs nothing beside it; see <see cref="HtmlReport"/>.</summary>
public static class ComparisonPage
{
    private const int MostChanges = 500;

    /// <summary>Writes the page in UTF-8.</summary>
    /// <param name="stream">Where to; left open.</param>
    /// <param name="comparison">The two runs.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    public static async Task WriteAsync(Stream stream, RunComparison comparison, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(comparison);
        string runs = $"A: {ReportIdentity.Line(comparison.First)}. B: {ReportIdentity.Line(comparison.Second)}";
        string tooltip = $"A: run {ReportIdentity.Id(comparison.First)}, B: run {ReportIdentity.Id(comparison.Second)}; {comparison.Samples} samples of dataset {ReportText.Short(comparison.First.DatasetHash)}";
        var lead = new HtmlBuilder();
        lead.Append($"""
            <p>Two runs over the same {comparison.Samples} images. Differences are B less A, with the interval of the paired bootstrap.</p>
            <div class="plots"><section aria-labelledby="a"><h2 id="a">A</h2>{IdentitySection.Render(comparison.First)}</section>
            <section aria-labelledby="b"><h2 id="b">B</h2>{IdentitySection.Render(comparison.Second)}</section></div>
            """);
        var content = new HtmlBuilder();
        content.Append($"{NotesSection.Render(comparison.Notes)}");
        AppendDifferent(content, comparison.Metrics, tooltip);
        AppendChanges(content, comparison.Changes);
        content.Append($"<section aria-labelledby=\"all\"><h2 id=\"all\">All categories together</h2>");
        AppendTable(content, "all", [.. comparison.Metrics.Where(metric => metric.Category is null)], tooltip);
        content.Append($"</section><section aria-labelledby=\"categories\"><h2 id=\"categories\">By category</h2><details><summary>Every number of every category</summary>");
        AppendTable(content, "categories", [.. comparison.Metrics.Where(metric => metric.Category is not null)], tooltip);
        content.Append($"</details></section>");
        content.Append($"{GlossarySection.Render(comparison.Metrics.Select(metric => metric.Name))}");
        await PageShell.WriteAsync(
            stream,
            $"A and B on {ReportText.Name(comparison.First.Dataset)}",
            lead.ToMarkup(),
            content.ToMarkup(),
            new HtmlBuilder().Append($"<p>{runs}</p><p>Written by SafeVision.</p>").ToMarkup(),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What a reader came for: the numbers whose interval leaves out 0.</summary>
    private static void AppendDifferent(HtmlBuilder page, IReadOnlyList<MetricDifference> metrics, string tooltip)
    {
        MetricDifference[] different = [.. metrics.Where(metric => metric.Verdict is not DifferenceVerdict.Unclear)];
        page.Append($"<section aria-labelledby=\"different\"><h2 id=\"different\">What differs</h2>");
        if (different.Length == 0)
        {
            page.Append($"<p>Nothing: every interval holds 0. These samples do not tell the two runs apart.</p>");
        }
        else
        {
            page.Append($"<p>{different.Length} of {metrics.Count} numbers have an interval that leaves out 0.</p>");
            AppendTable(page, "different", different, tooltip);
        }

        page.Append($"</section>");
    }

    private static void AppendTable(HtmlBuilder page, string id, MetricDifference[] metrics, string tooltip)
    {
        bool categories = metrics.Any(metric => metric.Category is not null);
        page.Append($"<div class=\"scroll\" role=\"region\" aria-labelledby=\"{id}\" tabindex=\"0\"><table class=\"sortable\"><thead><tr><th scope=\"col\">Metric</th>");
        page.Append($"{new Markup(categories ? "<th scope=\"col\">Category</th>" : "")}<th scope=\"col\">A</th><th scope=\"col\">B</th><th scope=\"col\">B less A</th><th scope=\"col\">Interval</th><th scope=\"col\">Rests on</th></tr></thead><tbody>");
        foreach (MetricDifference metric in metrics)
        {
            string name = MetricCatalog.Find(metric.Name)?.Title ?? ReportText.Name(metric.Name);
            page.Append($"<tr><th scope=\"row\"><bdi>{name}{(metric.Detail is null ? "" : $" {ReportText.Name(metric.Detail)}")}</bdi></th>");
            if (categories)
            {
                page.Append($"<td class=\"words\"><bdi>{(metric.Category is null ? "all" : ReportText.Name(metric.Category))}</bdi></td>");
            }

            string verdict = metric.Verdict switch { DifferenceVerdict.Better => "better", DifferenceVerdict.Worse => "worse", _ => "" };
            page.Append($"<td data-sort=\"{MetricMarkup.SortKey(metric.First)}\"><span title=\"{tooltip}\">{ReportText.Number(metric.First, metric.Unit)}</span></td>");
            page.Append($"<td data-sort=\"{MetricMarkup.SortKey(metric.Second)}\"><span title=\"{tooltip}\">{ReportText.Number(metric.Second, metric.Unit)}</span></td>");
            page.Append($"<td data-sort=\"{MetricMarkup.SortKey(metric.Difference)}\"><span class=\"{verdict}\" title=\"{tooltip}\">{ReportText.Difference(metric.Difference, metric.Unit)}</span><small>{ComparisonMarkdown.Word(metric.Verdict)}</small></td>");
            page.Append($"<td data-sort=\"{MetricMarkup.SortKey(metric.Lower)}\">{ReportText.Interval(metric.Lower, metric.Upper, metric.Unit)}{Whisker(metric)}</td><td data-sort=\"{metric.Support}\">{ReportText.Support(metric.Name, metric.Support)}</td></tr>");
        }

        page.Append($"</tbody></table></div>");
    }

    /// <summary>The interval beside 0, the axis reaching from -0.5 to 0.5; nothing for numbers that are no shares.</summary>
    private static Markup Whisker(MetricDifference metric)
    {
        if (metric.Unit is not (MetricUnit.Share or MetricUnit.Coefficient) || !double.IsFinite(metric.Lower) || !double.IsFinite(metric.Upper))
        {
            return new Markup("");
        }

        string Place(double value) => (50 + (Math.Clamp(value, -0.5, 0.5) * 100)).ToString("0.##", CultureInfo.InvariantCulture);
        string width = Math.Max(1, (Math.Clamp(metric.Upper, -0.5, 0.5) - Math.Clamp(metric.Lower, -0.5, 0.5)) * 100).ToString("0.##", CultureInfo.InvariantCulture);
        return new HtmlBuilder().Append($"<svg class=\"bar\" viewBox=\"-4 0 108 12\" aria-hidden=\"true\"><rect class=\"track\" x=\"0\" y=\"5\" width=\"100\" height=\"2\"/><rect class=\"track\" x=\"49.5\" y=\"0\" width=\"1\" height=\"12\"/><rect class=\"range\" x=\"{Place(metric.Lower)}\" y=\"3\" width=\"{width}\" height=\"6\" rx=\"2\"/><circle class=\"point\" cx=\"{Place(metric.Difference)}\" cy=\"6\" r=\"4\"/></svg>").ToMarkup();
    }

    private static void AppendChanges(HtmlBuilder page, IReadOnlyList<VerdictChange> changes)
    {
        int broken = changes.Count(change => change.Mended == false), mended = changes.Count(change => change.Mended == true);
        page.Append($"<section aria-labelledby=\"changes\"><h2 id=\"changes\">Verdicts that changed</h2><p>{changes.Count} verdicts changed: {mended} became right, {broken} became wrong.</p>");
        if (changes.Count > 0)
        {
            page.Append($"<div class=\"scroll\" role=\"region\" aria-labelledby=\"changes\" tabindex=\"0\"><table class=\"sortable\"><thead><tr><th scope=\"col\">Sample</th><th scope=\"col\">Category</th><th scope=\"col\">True</th><th scope=\"col\">A</th><th scope=\"col\">B</th><th scope=\"col\">Change</th></tr></thead><tbody>");
            foreach (VerdictChange change in changes.Take(MostChanges))
            {
                string style = change.Mended switch { true => "better", false => "worse", null => "" };
                page.Append($"<tr><th scope=\"row\"><bdi>{ReportText.Name(change.Sample)}</bdi></th><td class=\"words\"><bdi>{ReportText.Name(change.Category)}</bdi></td><td class=\"words\">{(change.Applies ? "applies" : "does not")}</td>");
                page.Append($"<td data-sort=\"{MetricMarkup.SortKey(change.FirstScore)}\">{ComparisonMarkdown.Word(change.First)}<small>{ReportText.Number(change.FirstScore, MetricUnit.Share)}</small></td>");
                page.Append($"<td data-sort=\"{MetricMarkup.SortKey(change.SecondScore)}\">{ComparisonMarkdown.Word(change.Second)}<small>{ReportText.Number(change.SecondScore, MetricUnit.Share)}</small></td>");
                page.Append($"<td class=\"words\"><span class=\"{style}\">{ComparisonMarkdown.Word(change.Mended)}</span></td></tr>");
            }

            page.Append($"</tbody></table></div>");
            if (changes.Count > MostChanges)
            {
                page.Append($"<p class=\"quiet\">{changes.Count - MostChanges} more are in the JSON file.</p>");
            }
        }

        page.Append($"</section>");
    }
}

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>Writes a comparison in its three forms side by side: <c>comparison.html</c>, <c>comparison.json</c> and <c>comparison.md</c>.</summary>
internal static class ComparisonFolder
{
    /// <summary>Writes the three files; each is whole or not there. Equal comparisons give equal bytes.</summary>
    /// <returns>The page's path.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static Task<string> WriteAsync(string folder, RunComparison comparison, CancellationToken cancellationToken = default) => ReportFolder.WriteAsync(
        folder,
        "comparison",
        async stream =>
        {
            await JsonSerializer.SerializeAsync(stream, comparison, ReportJson.Default.RunComparison, cancellationToken).ConfigureAwait(false);
            stream.WriteByte((byte)'\n');
        },
        ComparisonMarkdown.Render(comparison),
        stream => ComparisonPage.WriteAsync(stream, comparison, cancellationToken));
}

/// <summary>A comparison as one page that needs nothing beside it; see <see cref="HtmlReport"/>.</summary>
internal static class ComparisonPage
{
    private const int MostChanges = 500;

    /// <summary>Writes the page in UTF-8.</summary>
    public static async Task WriteAsync(Stream stream, RunComparison comparison, CancellationToken cancellationToken = default)
    {
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
        await HtmlBuilder.WritePageAsync(
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
        if (metric is not { Unit: MetricUnit.Share or MetricUnit.Coefficient, Lower: { } lower, Upper: { } upper, Difference: { } difference })
        {
            return new Markup("");
        }

        string Place(double value) => (50 + (Math.Clamp(value, -0.5, 0.5) * 100)).ToString("0.##", CultureInfo.InvariantCulture);
        string width = Math.Max(1, (Math.Clamp(upper, -0.5, 0.5) - Math.Clamp(lower, -0.5, 0.5)) * 100).ToString("0.##", CultureInfo.InvariantCulture);
        return new HtmlBuilder().Append($"<svg class=\"bar\" viewBox=\"-4 0 108 12\" aria-hidden=\"true\"><rect class=\"track\" x=\"0\" y=\"5\" width=\"100\" height=\"2\"/><rect class=\"track\" x=\"49.5\" y=\"0\" width=\"1\" height=\"12\"/><rect class=\"range\" x=\"{Place(lower)}\" y=\"3\" width=\"{width}\" height=\"6\" rx=\"2\"/><circle class=\"point\" cx=\"{Place(difference)}\" cy=\"6\" r=\"4\"/></svg>").ToMarkup();
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

/// <summary>A comparison as Markdown that fits into a comment on a pull request.</summary>
internal static class ComparisonMarkdown
{
    private const int MostRows = 60;
    private const int MostChanges = 20;

    /// <summary>The comparison's text, lines ending with a line feed.</summary>
    public static string Render(RunComparison comparison)
    {
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

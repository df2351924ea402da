namespace SafeVision.Evaluation.Reports;

/// <summary>A report as Markdown that fits into a comment on a pull request: the numbers, without curves and images.</summary>
/// <remarks>Foreign words stand in code spans, so none becomes markup, a link or a mention. Equal reports give equal text.</remarks>
internal static class MarkdownReport
{
    public const int MaxLength = 60_000; // the most characters of a report; a comment on GitHub may have 65,536

    private const int MostCategories = 64;
    private const int MostMistakes = 10;
    private const int MostNotes = 20;

    private static readonly string[] Columns = ["recall", "falsePositiveRate", "precision", "f1", "rocAuc", "averagePrecision"];

    /// <summary>The report's text, lines ending with a line feed.</summary>
    public static string Render(EvaluationReport report)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## {MarkdownText.Code(report.Identity.Policy)} on {MarkdownText.Code(report.Identity.Dataset)}, {report.Identity.Samples} images\n\n");
        AppendNotes(text, report.Notes);
        if (report.Decisions is { } decisions)
        {
            text.Append(CultureInfo.InvariantCulture, $"{ReportText.Decisions(decisions)}\n\n");
        }

        AppendAll(text, report.Metrics);
        AppendCategories(text, report.Metrics);
        AppendMistakes(text, report.Mistakes);
        text.Append(CultureInfo.InvariantCulture, $"{MarkdownText.CodeLine(ReportIdentity.Line(report.Identity))}\n");
        return Fit(text);
    }

    /// <summary>Cuts at a line where the text is longer than a comment may be.</summary>
    internal static string Fit(StringBuilder text)
    {
        if (text.Length <= MaxLength)
        {
            return text.ToString();
        }

        const string Cut = "\n… cut here; the page and the JSON file have all.\n";
        string start = text.ToString(0, MaxLength - Cut.Length);
        return start[..(start.LastIndexOf('\n') + 1)] + Cut;
    }

    /// <summary>The notes as a list.</summary>
    internal static void AppendNotes(StringBuilder text, IReadOnlyList<string> notes)
    {
        foreach (string note in notes.Take(MostNotes))
        {
            text.Append(CultureInfo.InvariantCulture, $"- {MarkdownText.CodeLine(note)}\n");
        }

        if (notes.Count > MostNotes)
        {
            text.Append(CultureInfo.InvariantCulture, $"- and {notes.Count - MostNotes} more\n");
        }

        text.Append(notes.Count > 0 ? "\n" : "");
    }

    private static void AppendAll(StringBuilder text, IReadOnlyList<MetricValue> metrics)
    {
        MetricValue[] all = [.. metrics.Where(metric => metric.Category is null)];
        if (all.Length == 0)
        {
            return;
        }

        text.Append("| metric | value | interval | rests on |\n|---|--:|--:|--:|\n");
        foreach (MetricValue metric in all)
        {
            text.Row(
                Title(metric),
                ReportText.Number(metric.Value, metric.Unit),
                ReportText.Interval(metric.Lower, metric.Upper, metric.Unit),
                ReportText.Support(metric.Name, metric.Support));
        }

        text.Append('\n');
    }

    private static void AppendCategories(StringBuilder text, IReadOnlyList<MetricValue> metrics)
    {
        string[] categories = [.. metrics.Where(metric => metric.Detail is null).Select(metric => metric.Category).OfType<string>().Distinct(StringComparer.Ordinal)];
        string[] columns = [.. Columns.Where(name => metrics.Any(metric => metric.Name == name && metric.Category is not null))];
        if (categories.Length == 0 || columns.Length == 0)
        {
            return;
        }

        text.Row(["category", .. columns.Select(name => MetricCatalog.Find(name)!.Title)]);
        text.Append("|---").Insert(text.Length, "|--:", columns.Length).Append("|\n");
        foreach (string category in categories.Take(MostCategories))
        {
            text.Row([MarkdownText.Code(category), .. columns.Select(name =>
                metrics.FirstOrDefault(metric => metric.Category == category && metric.Name == name && metric.Detail is null) is { } metric ? ReportText.Number(metric.Value, metric.Unit) : "")]);
        }

        text.Append(categories.Length > MostCategories ? $"\n{categories.Length - MostCategories} more categories are in the page.\n\n" : "\n");
    }

    private static void AppendMistakes(StringBuilder text, IReadOnlyList<ReportMistake> mistakes)
    {
        if (mistakes.Count == 0)
        {
            return;
        }

        text.Append("| worst mistakes | category | score | threshold |\n|---|---|--:|--:|\n");
        foreach (ReportMistake mistake in mistakes.Take(MostMistakes))
        {
            text.Row(
                MarkdownText.Code(mistake.Sample),
                $"{(mistake.Missed ? "missed" : "wrongly flagged")} {MarkdownText.Code(mistake.Category)}",
                ReportText.Number(mistake.Finding.Score, MetricUnit.Share),
                ReportText.Number(mistake.Finding.Threshold, MetricUnit.Share));
        }

        text.Append('\n');
    }

    private static string Title(MetricValue metric)
    {
        string title = MetricCatalog.Find(metric.Name)?.Title ?? MarkdownText.Code(metric.Name);
        return metric.Detail is null ? title : $"{title} {MarkdownText.Code(metric.Detail)}";
    }
}

/// <summary>Foreign words in Markdown: in a code span, where nothing is markup, a link, or the mention of a person.</summary>
internal static class MarkdownText
{
    /// <summary>The word as a code span that fits into a table.</summary>
    public static string Code(string? text)
    {
        string clean = ReportText.Name(text).Replace('`', '\'').Trim();
        return clean.Length == 0 ? "" : $"`{clean.Replace("|", "\\|", StringComparison.Ordinal)}`";
    }

    /// <summary>A sentence as a code span outside a table.</summary>
    public static string CodeLine(string text) => $"`{ReportText.Clean(text).Replace('`', '\'').Trim()}`";

    /// <summary>A row of a table.</summary>
    public static StringBuilder Row(this StringBuilder text, params IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>The numbers of a page: the few that matter most, all of them, and those of each category.</summary>
internal static class MetricSections
{
    /// <summary>The numbers on top of a page; of those in one line, the first that the report has.</summary>
    private static readonly string[][] Key =
    [
        ["macroRecall", "recall"],
        ["falsePositiveRate"],
        ["precision", "macroPrecision"],
        ["macroRocAuc", "rocAuc"],
        ["macroAveragePrecision", "averagePrecision"],
        ["flipRate"],
        ["latencyP95"],
        ["notAssessed"],
    ];

    /// <summary>The columns of the table by category, where the report has them.</summary>
    private static readonly string[] Columns =
        ["prevalence", "recall", "falsePositiveRate", "precision", "f1", "rocAuc", "averagePrecision", "expectedCalibrationError", "notAssessed"];

    /// <summary>The numbers that matter most.</summary>
    public static Markup Cards(IReadOnlyList<MetricValue> metrics, MetricMarkup markup)
    {
        MetricValue[] key = [.. Key.Select(names => names.Select(name => metrics.FirstOrDefault(metric => metric.Name == name && metric.Category is null && metric.Detail is null)).FirstOrDefault(metric => metric is not null)).OfType<MetricValue>()];
        var section = new HtmlBuilder();
        if (key.Length > 0)
        {
            section.Append($"<section aria-labelledby=\"key\"><h2 id=\"key\">In short</h2><ul class=\"cards\">");
            foreach (MetricValue metric in key)
            {
                string interval = ReportText.Interval(metric.Lower, metric.Upper, metric.Unit);
                section.Append($"<li><div class=\"name\">{MetricMarkup.Title(metric)}</div><div class=\"value\">{markup.Value(metric)}</div>");
                section.Append($"<div class=\"range\">{(interval.Length > 0 ? $"{interval}; " : "")}{ReportText.Support(metric.Name, metric.Support)}</div>");
                section.Append($"<div class=\"meaning\">{MetricCatalog.Find(metric.Name)?.Meaning}</div></li>");
            }

            section.Append($"</ul></section>");
        }

        return section.ToMarkup();
    }

    /// <summary>A row for each category.</summary>
    public static Markup ByCategory(IReadOnlyList<MetricValue> metrics, MetricMarkup markup)
    {
        string[] categories = [.. metrics.Select(metric => metric.Category).OfType<string>().Distinct(StringComparer.Ordinal)];
        string[] columns = [.. Columns.Where(name => metrics.Any(metric => metric.Name == name && metric.Category is not null && metric.Detail is null))];
        var section = new HtmlBuilder();
        if (categories.Length == 0 || columns.Length == 0)
        {
            return section.ToMarkup();
        }

        Dictionary<(string?, string), MetricValue> cells = metrics
            .Where(metric => metric.Detail is null)
            .GroupBy(metric => (metric.Category, metric.Name))
            .ToDictionary(group => group.Key, group => group.First());
        section.Append($"""
            <section aria-labelledby="categories"><h2 id="categories">By category</h2>
            <div class="scroll" role="region" aria-labelledby="categories" tabindex="0"><table class="sortable">
            <caption>Each number with its interval and, in small print, how many samples it rests on.</caption>
            <thead><tr><th scope="col">Category</th>
            """);
        foreach (string name in columns)
        {
            section.Append($"<th scope=\"col\">{MetricCatalog.Find(name)!.Title}</th>");
        }

        section.Append($"</tr></thead><tbody>");
        foreach (string category in categories)
        {
            section.Append($"<tr><th scope=\"row\"><bdi>{ReportText.Name(category)}</bdi></th>");
            foreach (string name in columns)
            {
                if (cells.TryGetValue((category, name), out MetricValue? metric))
                {
                    section.Append($"<td data-sort=\"{MetricMarkup.SortKey(metric.Value)}\">{markup.Value(metric)}{MetricMarkup.Range(metric)}<small>n {metric.Support}</small></td>");
                }
                else
                {
                    section.Append($"<td data-sort=\"\"></td>");
                }
            }

            section.Append($"</tr>");
        }

        return section.Append($"</tbody></table></div></section>").ToMarkup();
    }

    /// <summary>Every number that the table by category does not have.</summary>
    public static Markup All(IReadOnlyList<MetricValue> metrics, MetricMarkup markup)
    {
        var section = new HtmlBuilder();
        section.Append($"<section aria-labelledby=\"all\"><h2 id=\"all\">All numbers</h2>");
        IEnumerable<IGrouping<MetricGroup?, MetricValue>> groups = metrics
            .Where(metric => metric.Category is null || metric.Detail is not null || !Columns.Contains(metric.Name))
            .GroupBy(metric => MetricCatalog.Find(metric.Name)?.Group)
            .OrderBy(group => group.Key ?? (MetricGroup)int.MaxValue);
        foreach (IGrouping<MetricGroup?, MetricValue> group in groups)
        {
            string name = group.Key?.ToString() ?? "Others";
            bool categories = group.Any(metric => metric.Category is not null);
            section.Append($"<h3 id=\"all-{name}\">{name}</h3><div class=\"scroll\" role=\"region\" aria-labelledby=\"all-{name}\" tabindex=\"0\"><table class=\"sortable\"><thead><tr><th scope=\"col\">Metric</th>");
            if (categories)
            {
                section.Append($"<th scope=\"col\">Category</th>");
            }

            section.Append($"<th scope=\"col\">Value</th><th scope=\"col\">Interval</th><th scope=\"col\">Rests on</th></tr></thead><tbody>");
            foreach (MetricValue metric in group)
            {
                section.Append($"<tr><th scope=\"row\"><bdi>{MetricMarkup.Title(metric)}</bdi></th>");
                if (categories)
                {
                    section.Append($"<td class=\"words\"><bdi>{(metric.Category is null ? "all" : ReportText.Name(metric.Category))}</bdi></td>");
                }

                section.Append($"<td data-sort=\"{MetricMarkup.SortKey(metric.Value)}\">{markup.Value(metric)}{MetricMarkup.Bar(metric)}</td>");
                section.Append($"<td data-sort=\"{MetricMarkup.SortKey(metric.Lower)}\">{ReportText.Interval(metric.Lower, metric.Upper, metric.Unit)}</td><td data-sort=\"{metric.Support}\">{ReportText.Support(metric.Name, metric.Support)}</td></tr>");
            }

            section.Append($"</tbody></table></div>");
        }

        return section.Append($"</section>").ToMarkup();
    }
}

/// <summary>Numbers as parts of a page: with their interval, what they rest on, and the run that they are from.</summary>
/// <param name="Run">The line that names the run, for the tooltip.</param>
internal sealed record MetricMarkup(string Run)
{
    /// <summary>What a reader calls the metric.</summary>
    public static string Title(MetricValue metric)
    {
        string title = MetricCatalog.Find(metric.Name)?.Title ?? ReportText.Name(metric.Name);
        return metric.Detail is null ? title : $"{title} {ReportText.Name(metric.Detail)}";
    }

    /// <summary>The number with its tooltip.</summary>
    public Markup Value(MetricValue metric)
    {
        string undefined = metric.Value is not null ? "" : "Undefined: there are no samples to compute it from. ";
        return new HtmlBuilder().Append(
            $"<span title=\"{undefined}{Title(metric)} from {ReportText.Support(metric.Name, metric.Support)}; {Run}\">{ReportText.Number(metric.Value, metric.Unit)}</span>").ToMarkup();
    }

    /// <summary>The interval in small print; nothing where there is none.</summary>
    public static Markup Range(MetricValue metric)
    {
        string interval = ReportText.Interval(metric.Lower, metric.Upper, metric.Unit);
        return interval.Length == 0 ? new Markup("") : new HtmlBuilder().Append($"<small>{interval}</small>").ToMarkup();
    }

    /// <summary>A drawing of a share and its interval; nothing for other numbers.</summary>
    public static Markup Bar(MetricValue metric)
    {
        if (metric.Unit != MetricUnit.Share || metric.Value is not (>= 0 and <= 1 and var value))
        {
            return new Markup("");
        }

        var bar = new HtmlBuilder();
        bar.Append($"<svg class=\"bar\" viewBox=\"-4 0 108 12\" aria-hidden=\"true\"><rect class=\"track\" x=\"0\" y=\"5\" width=\"100\" height=\"2\"/>");
        if (metric is { Lower: >= 0 and <= 1 and var lower, Upper: >= 0 and <= 1 and var upper })
        {
            bar.Append($"<rect class=\"range\" x=\"{Percent(lower)}\" y=\"3\" width=\"{Percent(Math.Max(0.01, upper - lower))}\" height=\"6\" rx=\"2\"/>");
        }

        return bar.Append($"<circle class=\"point\" cx=\"{Percent(value)}\" cy=\"6\" r=\"4\"/></svg>").ToMarkup();
    }

    /// <summary>What a table sorts a number by.</summary>
    public static string SortKey(double? value) => value is { } number ? number.ToString("R", CultureInfo.InvariantCulture) : "";

    private static string Percent(double share) => (share * 100).ToString("0.##", CultureInfo.InvariantCulture);
}

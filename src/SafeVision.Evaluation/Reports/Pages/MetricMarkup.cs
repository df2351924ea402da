using System.Globalization;

namespace SafeVision.Evaluation.Reports.Pages;

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
        string undefined = double.IsFinite(metric.Value) ? "" : "Undefined: there are no samples to compute it from. ";
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
        if (metric.Unit != MetricUnit.Share || metric.Value is not (>= 0 and <= 1))
        {
            return new Markup("");
        }

        var bar = new HtmlBuilder();
        bar.Append($"<svg class=\"bar\" viewBox=\"-4 0 108 12\" aria-hidden=\"true\"><rect class=\"track\" x=\"0\" y=\"5\" width=\"100\" height=\"2\"/>");
        if (metric.Lower is >= 0 and <= 1 && metric.Upper is >= 0 and <= 1)
        {
            bar.Append($"<rect class=\"range\" x=\"{Percent(metric.Lower)}\" y=\"3\" width=\"{Percent(Math.Max(0.01, metric.Upper - metric.Lower))}\" height=\"6\" rx=\"2\"/>");
        }

        return bar.Append($"<circle class=\"point\" cx=\"{Percent(metric.Value)}\" cy=\"6\" r=\"4\"/></svg>").ToMarkup();
    }

    /// <summary>What a table sorts a number by.</summary>
    public static string SortKey(double value) => double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : "";

    private static string Percent(double share) => (share * 100).ToString("0.##", CultureInfo.InvariantCulture);
}

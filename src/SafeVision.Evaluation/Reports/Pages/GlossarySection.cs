namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>What the numbers of a page mean, in a sentence each.</summary>
internal static class GlossarySection
{
    /// <summary>The metrics that occur.</summary>
    public static Markup Render(IEnumerable<string> names)
    {
        var used = names.ToHashSet(StringComparer.Ordinal);
        var section = new HtmlBuilder();
        section.Append($"<section aria-labelledby=\"words\"><h2 id=\"words\">What the numbers mean</h2><details><summary>A sentence for each. The page docs/measuring.md says more, and when each misleads.</summary><dl class=\"glossary\">");
        foreach (MetricDescription metric in MetricCatalog.All.Where(metric => used.Contains(metric.Name)))
        {
            string better = metric.HigherIsBetter switch { true => "More is better.", false => "Less is better.", null => "" };
            section.Append($"<dt>{metric.Title}</dt><dd>{metric.Meaning} {better}</dd>");
        }

        return section.Append($"</dl><p class=\"quiet\">An interval holds the true number in 95 of 100 repetitions with other images of the same kind. A dash means that there were no samples to compute the number from.</p></details></section>").ToMarkup();
    }
}

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>What a reader must know before reading the numbers.</summary>
internal static class NotesSection
{
    private const int Most = 200;

    /// <summary>The notes; nothing where there is none.</summary>
    public static Markup Render(IReadOnlyList<string> notes)
    {
        var section = new HtmlBuilder();
        if (notes.Count > 0)
        {
            section.Append($"<section class=\"notes\" aria-label=\"Notes\"><strong>Read this first</strong><ul>");
            foreach (string note in notes.Take(Most))
            {
                section.Append($"<li><bdi>{note}</bdi></li>");
            }

            if (notes.Count > Most)
            {
                section.Append($"<li>{notes.Count - Most} more notes are in the JSON file.</li>");
            }

            section.Append($"</ul></section>");
        }

        return section.ToMarkup();
    }
}

/// <summary>What became of the images: a bar of the four ways in which one ends, and their numbers.</summary>
internal static class DecisionSection
{
    /// <summary>The bar; nothing where no image was judged.</summary>
    public static Markup Render(DecisionCounts? counts)
    {
        var section = new HtmlBuilder();
        if (counts is null)
        {
            return section.ToMarkup();
        }

        (string Name, string Style, int Count)[] parts =
        [
            ("allowed", "allowed", counts.Allowed), ("sent to review", "reviewed", counts.Reviewed), ("blocked", "blocked", counts.Blocked), ("could not be judged", "failed", counts.Failed),
        ];
        int all = parts.Sum(part => part.Count);
        section.Append($"<section aria-labelledby=\"decisions\"><h2 id=\"decisions\">What became of the images</h2><svg class=\"decisions\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
        int before = 0;
        foreach ((_, string style, int count) in parts)
        {
            section.Append($"<rect class=\"d-{style}\" x=\"{Percent(before, all)}\" y=\"0\" width=\"{Percent(count, all)}\" height=\"6\"/>");
            before += count;
        }

        section.Append($"</svg><ul class=\"legend\">");
        foreach ((string name, string style, int count) in parts)
        {
            section.Append($"<li><svg viewBox=\"0 0 20 8\" aria-hidden=\"true\"><rect class=\"d-{style}\" x=\"0\" y=\"0\" width=\"20\" height=\"8\"/></svg>{count} {name} ({Percent(count, all)} %)</li>");
        }

        return section.Append($"</ul></section>").ToMarkup();
    }

    private static string Percent(int count, int all) => (100.0 * count / Math.Max(1, all)).ToString("0.#", CultureInfo.InvariantCulture);
}

/// <summary>What a page's numbers rest on.</summary>
internal static class IdentitySection
{
    /// <summary>The parts, one a line.</summary>
    public static Markup Render(RunIdentity identity)
    {
        var section = new HtmlBuilder();
        section.Append($"""
            <dl class="identity">
            <dt>Policy</dt><dd><bdi>{identity.Policy}</bdi> <bdi>{identity.PolicyVersion}</bdi> <code>{identity.PolicyHash}</code></dd>
            <dt>Dataset</dt><dd><bdi>{identity.Dataset}</bdi> <bdi>{identity.DatasetVersion}</bdi> <code>{identity.DatasetHash}</code></dd>
            <dt>Samples</dt><dd>{identity.Samples} <code>{identity.SamplesHash}</code></dd>
            """);
        foreach (string model in identity.Models)
        {
            section.Append($"<dt>Model</dt><dd><bdi>{model}</bdi></dd>");
        }

        return section.Append($"""
            <dt>Transform</dt><dd><bdi>{identity.Transform}</bdi></dd>
            <dt>Seed</dt><dd>{identity.Seed}</dd>
            <dt>Run</dt><dd><code>{ReportIdentity.Id(identity)}</code></dd>
            </dl>
            """).ToMarkup();
    }
}

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

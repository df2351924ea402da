using System.Globalization;

namespace SafeVision.Evaluation.Reports.Pages;

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

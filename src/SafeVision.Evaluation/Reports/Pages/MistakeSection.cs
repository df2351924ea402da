using System.Globalization;

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>The worst mistakes with their pictures, which stay blurred until a reader asks for them.</summary>
internal static class MistakeSection
{
    private const int MostLabels = 5;

    /// <summary>The cards; nothing where there is no mistake.</summary>
    /// <param name="mistakes">The mistakes, worst first.</param>
    /// <param name="pictures">A picture for each, or why there is none.</param>
    public static Markup Render(IReadOnlyList<ReportMistake> mistakes, IReadOnlyList<(MistakePicture? Picture, string? Problem)> pictures)
    {
        var section = new HtmlBuilder();
        if (mistakes.Count == 0)
        {
            return section.ToMarkup();
        }

        section.Append($"<section aria-labelledby=\"mistakes\"><h2 id=\"mistakes\">Worst mistakes</h2>");
        if (pictures.Any(picture => picture.Picture is not null))
        {
            section.Append($"""
                <p>Pictures are blurred, because some are hard to look at. Click one, or press space on it, to see it.</p>
                <p class="reveal-all"><input type="checkbox" id="reveal"><label for="reveal"><span class="off">Show all pictures</span><span class="shown">Blur all pictures</span></label></p>
                """);
        }

        section.Append($"<div class=\"mistakes\">");
        for (int i = 0; i < mistakes.Count; i++)
        {
            Append(section, mistakes[i], pictures[i].Picture, pictures[i].Problem);
        }

        return section.Append($"</div></section>").ToMarkup();
    }

    private static void Append(HtmlBuilder section, ReportMistake mistake, MistakePicture? picture, string? problem)
    {
        Finding finding = mistake.Finding;
        string sample = ReportText.Name(mistake.Sample), category = ReportText.Name(mistake.Category);
        section.Append($"<article class=\"mistake\">");
        if (picture is not null)
        {
            section.Append($"<label class=\"picture\"><input type=\"checkbox\" aria-label=\"Show the picture of {sample}\"><span class=\"frames{(picture.Heat is null ? " one" : "")}\">");
            section.Append($"<span><img src=\"{new Markup(picture.Plain)}\" width=\"{picture.Width}\" height=\"{picture.Height}\" alt=\"{sample}\"></span>");
            if (picture.Heat is not null)
            {
                section.Append($"<span><img src=\"{new Markup(picture.Heat)}\" width=\"{picture.Width}\" height=\"{picture.Height}\" alt=\"{sample} with the heat map for {category}\"></span>");
            }

            section.Append($"</span><span class=\"hint\" aria-hidden=\"true\"><span>Show</span></span></label>");
        }
        else if (problem is not null)
        {
            section.Append($"<p class=\"quiet\">No picture: <bdi>{problem}</bdi></p>");
        }

        section.Append($"<h3><bdi>{sample}</bdi></h3>");
        section.Append($"<p><span class=\"tag {(mistake.Missed ? "missed" : "seen")}\">{(mistake.Missed ? "missed" : "wrongly flagged")}</span> <strong><bdi>{category}</bdi></strong></p>");
        section.Append($"<p>{Score(finding)}; true: <bdi>{(mistake.Labels.Count == 0 ? "nothing" : string.Join(", ", mistake.Labels.Select(ReportText.Name)))}</bdi></p>");
        section.Append($"<p>“<bdi>{finding.Reason}</bdi>”</p>");
        if (finding.Evidence.Words is { Length: > 0 } words)
        {
            section.Append($"<p class=\"quiet\">The model's words: “<bdi>{words}</bdi>”</p>");
        }

        if (finding.Evidence.Labels.Count > 0)
        {
            section.Append($"<p class=\"quiet\">Labels: <bdi>{string.Join(", ", finding.Evidence.Labels.Take(MostLabels).Select(label => $"{ReportText.Name(label.Label)} {Percent(label.Share)}"))}</bdi></p>");
        }

        section.Append($"</article>");
    }

    private static string Score(Finding finding) => double.IsFinite(finding.Score)
        ? $"Score {ReportText.Number(finding.Score, MetricUnit.Share)}, threshold {ReportText.Number(finding.Threshold, MetricUnit.Share)}"
        : "Not assessed";

    private static string Percent(double share) => (share * 100).ToString("0", CultureInfo.InvariantCulture) + " %";
}

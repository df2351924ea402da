using SafeVision.Evaluation.Reports.Plots;

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>The drawings of a page.</summary>
internal static class PlotSection
{
    private const int MostLines = 40;

    private static readonly (CurveKind Kind, string Id, string Title, string Caption)[] Curves =
    [
        (CurveKind.Roc, "roc", "ROC", "The further up and left a line runs, the better; on the dashed line the score is a coin."),
        (CurveKind.PrecisionRecall, "pr", "Precision and recall", "What share of the flagged images is rightly flagged, the more of the harmful ones are to be caught."),
        (CurveKind.Reliability, "reliability", "Reliability", "On the dashed line, a score of 0.8 means harmful in 80 of 100 cases. Below it, scores are too high."),
    ];

    /// <summary>The drawings; nothing where there is none.</summary>
    public static Markup Render(EvaluationReport report)
    {
        var section = new HtmlBuilder();
        foreach ((CurveKind kind, string id, string title, string caption) in Curves)
        {
            ReportCurve[] curves = [.. report.Curves.Where(curve => curve.Kind == kind && curve.Points.Count > 0).Take(MostLines)];
            if (curves.Length > 0)
            {
                section.Append($"<figure>{CurvePlots.Draw(kind, curves, id)}<figcaption><strong>{title}.</strong> {caption}{Legend(curves)}</figcaption></figure>");
            }
        }

        if (report.Confusion is { } confusion && IsSquare(confusion))
        {
            section.Append($"<figure>");
            if (confusion.Classes.Count <= ConfusionPlot.MostClasses)
            {
                section.Append($"{ConfusionPlot.Draw(confusion, "confusion")}");
            }

            section.Append($"<figcaption><strong>Confusion.</strong> Rows are the truth, columns what was found; what lies off the diagonal is a mistake.{Table(confusion)}</figcaption></figure>");
        }

        Markup drawings = section.ToMarkup();
        return drawings.Value.Length == 0
            ? drawings
            : new HtmlBuilder().Append($"<section aria-labelledby=\"plots\"><h2 id=\"plots\">Curves</h2><div class=\"plots\">{drawings}</div></section>").ToMarkup();
    }

    private static bool IsSquare(ConfusionTable table) =>
        table.Classes.Count > 0 && table.Counts.Count == table.Classes.Count && table.Counts.All(row => row.Count == table.Classes.Count);

    private static Markup Legend(ReportCurve[] curves)
    {
        var legend = new HtmlBuilder();
        legend.Append($"<ul class=\"legend\">");
        for (int i = 0; i < curves.Length; i++)
        {
            legend.Append($"<li><svg viewBox=\"0 0 20 8\" aria-hidden=\"true\"><line class=\"s-line{Math.Min(i, PlotInk.Colours)}\" x1=\"0\" y1=\"4\" x2=\"20\" y2=\"4\"/></svg><bdi>{ReportText.Name(curves[i].Name)}</bdi></li>");
        }

        return legend.Append($"</ul>").ToMarkup();
    }

    private static Markup Table(ConfusionTable confusion)
    {
        var table = new HtmlBuilder();
        table.Append($"<details><summary>As a table</summary><div class=\"scroll\" role=\"region\" aria-label=\"Confusion matrix\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">True \\ found</th>");
        for (int i = 0; i < confusion.Classes.Count; i++)
        {
            table.Append($"<th scope=\"col\">{i + 1}. <bdi>{ReportText.Name(confusion.Classes[i])}</bdi></th>");
        }

        table.Append($"</tr></thead><tbody>");
        for (int row = 0; row < confusion.Classes.Count; row++)
        {
            table.Append($"<tr><th scope=\"row\">{row + 1}. <bdi>{ReportText.Name(confusion.Classes[row])}</bdi></th>");
            foreach (int count in confusion.Counts[row])
            {
                table.Append($"<td>{count}</td>");
            }

            table.Append($"</tr>");
        }

        return table.Append($"</tbody></table></div></details>").ToMarkup();
    }
}

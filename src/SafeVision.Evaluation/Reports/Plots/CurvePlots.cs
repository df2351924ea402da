namespace SafeVision.Evaluation.Reports.Plots;

/// <summary>Draws the curves of a report.</summary>
internal static class CurvePlots
{
    private const int Width = 480, Height = 380;

    /// <summary>The least distance of points that are drawn, in parts of an axis: half a pixel.</summary>
    private const int Resolution = 800;

    /// <summary>The curves of one kind in one drawing.</summary>
    public static Markup Draw(CurveKind kind, IReadOnlyList<ReportCurve> curves, string id)
    {
        (PlotAxis x, PlotAxis y, string title) = kind switch
        {
            CurveKind.Roc => (PlotAxis.Share("False positive rate"), PlotAxis.Share("Recall"), "ROC"),
            CurveKind.PrecisionRecall => (PlotAxis.Share("Recall"), PlotAxis.Share("Precision"), "Precision and recall"),
            CurveKind.Reliability => (PlotAxis.Share("Mean score"), PlotAxis.Share("Share that is harmful"), "Reliability"),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of curve."),
        };

        var plot = new SvgPlot(Width, Height, x, y);
        if (kind is CurveKind.Roc or CurveKind.Reliability)
        {
            plot.Diagonal();
        }

        // The first line is the one that matters most, so it lies on top.
        for (int i = curves.Count - 1; i >= 0; i--)
        {
            plot.Line(i, curves[i].Thin(Resolution).Points, kind == CurveKind.Reliability);
        }

        return plot.ToSvg(id, title, Describe(kind, curves));
    }

    /// <summary>What a line says in words, for those who can't see it.</summary>
    private static string Describe(CurveKind kind, IReadOnlyList<ReportCurve> curves)
    {
        string what = kind switch
        {
            CurveKind.Roc => "Recall over false positive rate; the dashed line is chance.",
            CurveKind.PrecisionRecall => "Precision over recall.",
            _ => "Share of harmful images over mean score; on the dashed line a score means what it says.",
        };
        return $"{what} Lines: {string.Join(", ", curves.Select(curve => ReportText.Name(curve.Name)))}.";
    }
}

/// <summary>Draws a confusion matrix: rows are the truth, and each is shaded by its own shares.</summary>
internal static class ConfusionPlot
{
    /// <summary>The most classes that can be told apart in a drawing; the table of the page has them all.</summary>
    public const int MostClasses = 24;

    private const int LongestName = 11;

    /// <summary>The drawing.</summary>
    public static Markup Draw(ConfusionTable table, string id)
    {
        int count = table.Classes.Count;
        string[] names = [.. table.Classes.Select(name => ReportText.Clean(name, LongestName))];

        // Many names do not fit side by side: the columns then have the numbers of the rows.
        string[] columns = count > 8 ? [.. Enumerable.Range(1, count).Select(i => i.ToString(CultureInfo.InvariantCulture))] : names;
        string[] rows = count > 8 ? [.. columns.Zip(names, (number, name) => $"{name} {number}")] : names;
        int size = Math.Max(380, 60 + (count * 24));
        var plot = new SvgPlot(size + 100, size, PlotAxis.Names("Found", columns, downwards: false), PlotAxis.Names("True", rows, downwards: true), left: 124, hasGrid: false);
        for (int row = 0; row < count; row++)
        {
            int sum = table.Counts[row].Sum();
            for (int column = 0; column < count; column++)
            {
                if (table.Counts[row][column] is > 0 and int cell)
                {
                    plot.Cell(column, count - 1 - row, (double)cell / sum, cell.ToString(CultureInfo.InvariantCulture));
                }
            }
        }

        return plot.ToSvg(id, "Confusion matrix", "Rows are the true class, columns the class found; the table below holds the same numbers.");
    }
}

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
            legend.Append($"<li><svg viewBox=\"0 0 20 8\" aria-hidden=\"true\"><line class=\"s-line{Math.Min(i, SvgPlot.Colours)}\" x1=\"0\" y1=\"4\" x2=\"20\" y2=\"4\"/></svg><bdi>{ReportText.Name(curves[i].Name)}</bdi></li>");
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

using SafeVision.Evaluation.Reports.Pages;
using ScottPlot;
using ScottPlot.Plottables;

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
            Line(plot.Plot, [new CurvePoint(0, 0), new CurvePoint(1, 1)], PlotInk.Chance, 1).LinePattern = LinePattern.Dashed;
        }

        // The first line is the one that matters most, so it lies on top.
        for (int i = curves.Count - 1; i >= 0; i--)
        {
            Scatter line = Line(plot.Plot, curves[i].Thin(Resolution).Points, PlotInk.Line(i), i == 0 ? 2.5f : 1.5f);
            if (kind == CurveKind.Reliability)
            {
                line.MarkerShape = MarkerShape.FilledCircle;
                line.MarkerSize = 6;
            }
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

    private static Scatter Line(Plot plot, IReadOnlyList<CurvePoint> points, Color colour, float width)
    {
        Scatter line = plot.Add.ScatterLine(points.Select(point => point.X).ToArray(), points.Select(point => point.Y).ToArray(), colour);
        line.LineWidth = width;
        return line;
    }
}

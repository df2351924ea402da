using System.Globalization;
using SafeVision.Evaluation.Reports.Pages;

namespace SafeVision.Evaluation.Reports.Plots;

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
        var plot = new SvgPlot(size + 100, size, PlotAxis.Names("Found", columns, downwards: false), PlotAxis.Names("True", rows, downwards: true), left: 124);
        plot.Plot.HideGrid();
        for (int row = 0; row < count; row++)
        {
            int sum = table.Counts[row].Sum();
            for (int column = 0; column < count; column++)
            {
                int cell = table.Counts[row][column];
                if (cell > 0)
                {
                    int y = count - 1 - row;
                    var area = plot.Plot.Add.Rectangle(column - 0.5, column + 0.5, y - 0.5, y + 0.5);
                    double share = (double)cell / sum;
                    area.FillColor = PlotInk.Cell.WithAlpha(0.12 + (0.78 * share));
                    area.LineWidth = 0;
                    plot.Label(column, y, cell.ToString(CultureInfo.InvariantCulture), share > 0.5 ? "on" : "count");
                }
            }
        }

        return plot.ToSvg(id, "Confusion matrix", "Rows are the true class, columns the class found; the table below holds the same numbers.");
    }
}

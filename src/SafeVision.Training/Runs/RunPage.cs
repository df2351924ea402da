using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ScottPlot;

namespace SafeVision.Training.Runs;

/// <summary>Draws a run's curves from its log, and a page that shows them and loads itself anew while the run goes on.</summary>
internal static class RunPage
{
    public const string FileName = "index.html";

    private const int Width = 900, Height = 320, MostPoints = 2000;

    /// <summary>The curves that are looked for: the title, the log's keys and what they are called.</summary>
    private static readonly (string Title, (string Key, string Name)[] Lines)[] s_charts =
    [
        ("Loss", [("loss", "each step"), ("mean", "mean of 20")]),
        ("Verdicts on the refine split", [("right", "exactly right"), ("majority", "always the commonest"), ("rocAuc", "ROC-AUC"), ("flips", "pairs both right")]),
        ("Rewards", [("reward", "mean of a step")]),
        ("Learning rate", [("rate", "rate")]),
        ("Norm of the gradients", [("norm", "before clipping")]),
    ];

    /// <summary>Writes the page and its plots.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="title">What the run is.</param>
    /// <param name="log">The log's lines.</param>
    /// <param name="status">A line of how far it is, or what came out.</param>
    /// <param name="isOpen">Whether the run goes on, so that the page loads itself anew.</param>
    public static void Write(string folder, string title, IReadOnlyList<JsonObject> log, string status, bool isOpen)
    {
        var page = new StringBuilder("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
        page.Append(isOpen ? "<meta http-equiv=\"refresh\" content=\"10\">" : "").Append("<title>").Append(WebUtility.HtmlEncode(title)).Append("</title>")
            .Append("<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}svg{max-width:100%;height:auto}</style></head><body><h1>")
            .Append(WebUtility.HtmlEncode(title)).Append("</h1><p>").Append(WebUtility.HtmlEncode(status)).Append("</p>");
        foreach ((string name, (string Key, string Name)[] lines) in s_charts)
        {
            if (Draw(log, lines) is { } svg)
            {
                page.Append("<h2>").Append(name).Append("</h2><figure role=\"img\" aria-label=\"").Append(name).Append(" by step\">").Append(svg).Append("</figure>");
            }
        }

        string path = Path.Combine(folder, FileName);
        File.WriteAllText(path + ".part", page.Append("</body></html>\n").ToString());
        File.Move(path + ".part", path, overwrite: true);
    }

    private static string? Draw(IReadOnlyList<JsonObject> log, (string Key, string Name)[] lines)
    {
        using var plot = new Plot();
        foreach ((string key, string name) in lines)
        {
            (double X, double Y)[] points = key == "mean" ? Means(Points(log, "loss")) : Points(log, key);
            if (points.Length > 0)
            {
                int every = (points.Length + MostPoints - 1) / MostPoints;
                (double X, double Y)[] shown = [.. points.Where((_, i) => i % every == 0 || i == points.Length - 1)];
                ScottPlot.Plottables.Scatter line = plot.Add.Scatter(shown.Select(point => point.X).ToArray(), shown.Select(point => point.Y).ToArray());
                (line.LegendText, line.MarkerSize) = (name, shown.Length < 40 ? 5 : 0);
            }
        }

        if (plot.PlottableList.Count == 0)
        {
            return null;
        }

        plot.XLabel("step");
        plot.ShowLegend(Alignment.UpperRight);
        string svg = plot.GetSvgXml(Width, Height);
        return svg[svg.IndexOf("<svg", StringComparison.Ordinal)..];
    }

    private static (double X, double Y)[] Points(IReadOnlyList<JsonObject> log, string key) =>
    [
        .. from line in log
           let value = line[key]
           where value is JsonValue && line["step"] is not null
           let number = double.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double read) ? read : double.NaN
           where double.IsFinite(number)
           select ((double)line["step"]!.GetValue<int>(), number),
    ];

    private static (double X, double Y)[] Means((double X, double Y)[] points)
    {
        const int Window = 20;
        return points.Length < Window ? [] : [.. points.Skip(Window - 1).Select((point, i) => (point.X, points.AsSpan(i, Window).ToArray().Average(at => at.Y)))];
    }
}

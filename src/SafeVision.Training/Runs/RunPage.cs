namespace SafeVision.Training.Runs;

/// <summary>Draws a run's curves from its log, and a page that shows them and loads itself anew while the run goes on.</summary>
internal static class RunPage
{
    public const string FileName = "index.html";

    private const int Width = 900, Height = 320, Left = 70, Bottom = 46, Edge = 10, Marks = 5, MostPoints = 2000;

    private static readonly string[] s_inks = ["#0b62a4", "#b3471d", "#2d7a3e", "#7b3fa0"];

    /// <summary>The curves that are looked for: the title, the log's keys and what they are called.</summary>
    private static readonly (string Title, (string Key, string Name)[] Lines)[] s_charts =
    [
        ("Loss", [("loss", "each step"), ("mean", "mean of 20")]),
        ("Verdicts on the refine split", [("right", "exactly right"), ("majority", "always the commonest"), ("rocAuc", "ROC-AUC"), ("flips", "pairs both right")]),
        ("Rewards", [("reward", "mean of a step")]),
        ("Learning rate", [("rate", "rate")]),
        ("Norm of the gradients", [("norm", "before clipping")]),
    ];

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

        Files.WholeFile.Write(Path.Combine(folder, FileName), page.Append("</body></html>\n").ToString());
    }

    private static string? Draw(IReadOnlyList<JsonObject> log, (string Key, string Name)[] lines)
    {
        (string Name, (double X, double Y)[] Points)[] shown =
        [
            .. from line in lines
               let points = line.Key == "mean" ? Means(Points(log, "loss")) : Points(log, line.Key)
               where points.Length > 0
               let every = (points.Length + MostPoints - 1) / MostPoints
               select (line.Name, points.Where((_, i) => i % every == 0 || i == points.Length - 1).ToArray()),
        ];
        if (shown.Length == 0)
        {
            return null;
        }

        (double X, double Y)[] all = [.. shown.SelectMany(line => line.Points)];
        (double left, double right) = Span(all.Select(point => point.X));
        (double bottom, double top) = Span(all.Select(point => point.Y));
        double PixelX(double x) => Left + ((x - left) / (right - left) * (Width - Left - Edge));
        double PixelY(double y) => Height - Bottom - ((y - bottom) / (top - bottom) * (Height - Bottom - Edge));

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-size=\"13\" fill=\"none\">");
        for (int i = 0; i <= Marks; i++)
        {
            (double x, double y) = (left + ((right - left) * i / Marks), bottom + ((top - bottom) * i / Marks));
            svg.Append(CultureInfo.InvariantCulture, $"<path stroke=\"#ddd\" d=\"M{PixelX(x):0.#} {Edge}V{Height - Bottom}M{Left} {PixelY(y):0.#}H{Width - Edge}\"/>")
                .Append(CultureInfo.InvariantCulture, $"<text fill=\"#555\" text-anchor=\"middle\" x=\"{PixelX(x):0.#}\" y=\"{Height - Bottom + 17}\">{x:0.#}</text>")
                .Append(CultureInfo.InvariantCulture, $"<text fill=\"#555\" text-anchor=\"end\" x=\"{Left - 8}\" y=\"{PixelY(y) + 4:0.#}\">{y:G3}</text>");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text fill=\"#222\" text-anchor=\"middle\" x=\"{Width / 2}\" y=\"{Height - 6}\">step</text>");
        foreach (((string name, (double X, double Y)[] points), int i) in shown.Select((line, i) => (line, i)))
        {
            string ink = s_inks[i % s_inks.Length];
            svg.Append("<polyline stroke-width=\"1.5\" stroke=\"").Append(ink).Append("\" points=\"")
                .AppendJoin(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{PixelX(point.X):0.#},{PixelY(point.Y):0.#}"))).Append("\"/>");
            foreach ((double x, double y) in points.Length < 40 ? points : [])
            {
                svg.Append(CultureInfo.InvariantCulture, $"<circle fill=\"{ink}\" r=\"3\" cx=\"{PixelX(x):0.#}\" cy=\"{PixelY(y):0.#}\"/>");
            }

            svg.Append(CultureInfo.InvariantCulture, $"<text fill=\"{ink}\" text-anchor=\"end\" x=\"{Width - Edge - 6}\" y=\"{Edge + 18 + (17 * i)}\">{name}</text>");
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>What an axis spans: all the values, and more than nothing where they are one.</summary>
    private static (double Least, double Most) Span(IEnumerable<double> values)
    {
        (double least, double most) = (values.Min(), values.Max());
        double room = most > least ? 0 : least == 0 ? 0.5 : Math.Abs(least) / 2;
        return (least - room, most + room);
    }

    private static (double X, double Y)[] Points(IReadOnlyList<JsonObject> log, string key) =>
    [
        .. from line in log
           let value = line[key]
           where value is System.Text.Json.Nodes.JsonValue && line["step"] is not null
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

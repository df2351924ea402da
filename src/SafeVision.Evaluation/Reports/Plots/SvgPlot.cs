namespace SafeVision.Evaluation.Reports.Plots;

/// <summary>A drawing as SVG that stands inside a page. Colours are classes of the page's style sheet, so that one drawing serves
/// light, dark and printed pages; words are SVG text, which the reader's own fonts show.</summary>
internal sealed class SvgPlot
{
    /// <summary>The most lines that get a colour of their own; the style sheet has as many, and one for all beyond.</summary>
    public const int Colours = 8;

    private const int Right = 14, Bottom = 46, Top = 12;

    private readonly int _left; // room for the marks of the vertical axis
    private readonly int _width;
    private readonly int _height;
    private readonly PlotAxis _x;
    private readonly PlotAxis _y;
    private readonly HtmlBuilder _svg = new();

    public SvgPlot(int width, int height, PlotAxis x, PlotAxis y, int left = 58, bool hasGrid = true)
    {
        (_width, _height, _x, _y, _left) = (width, height, x, y, left);
        (double bottom, double right) = (_height - Bottom, _width - Right);
        foreach ((double at, string text) in x.Ticks)
        {
            Stroke("grid", 1, hasGrid ? $"M{Number(PixelX(at))} {Top}V{Number(bottom)}" : "");
            Write(PixelX(at), bottom + 17, text, "middle", "tick");
        }

        foreach ((double at, string text) in y.Ticks)
        {
            Stroke("grid", 1, hasGrid ? $"M{_left} {Number(PixelY(at))}H{Number(right)}" : "");
            Write(_left - 8, PixelY(at) + 4, text, "end", "tick");
        }

        Stroke("axis", 1, $"M{_left} {Top}V{Number(bottom)}H{Number(right)}");
        Write(_left + ((right - _left) / 2), _height - 8, x.Title, "middle", "title");
        _svg.Append($"<text class=\"title\" text-anchor=\"middle\" transform=\"translate(13 {Number(Top + ((bottom - Top) / 2))}) rotate(-90)\">{y.Title}</text>");
    }

    /// <summary>Draws a line of one of the <see cref="Colours"/>, with a dot at each point where it is asked for.</summary>
    public void Line(int index, IReadOnlyList<CurvePoint> points, bool hasDots)
    {
        var path = new StringBuilder();
        foreach (CurvePoint point in points)
        {
            path.Append(path.Length == 0 ? 'M' : 'L').Append(Number(PixelX(point.X))).Append(' ').Append(Number(PixelY(point.Y)));
        }

        string ink = $"line{Math.Min(index, Colours)}";
        Stroke(ink, index == 0 ? 2.5 : 1.5, path.ToString());
        foreach (CurvePoint point in hasDots ? points : [])
        {
            _svg.Append($"<circle class=\"f-{ink}\" cx=\"{Number(PixelX(point.X))}\" cy=\"{Number(PixelY(point.Y))}\" r=\"3\"/>");
        }
    }

    /// <summary>Draws the dashed line from corner to corner that chance, or a score that means what it says, would give.</summary>
    public void Diagonal() => _svg.Append(
        $"<line class=\"s-chance\" stroke-dasharray=\"6 4\" x1=\"{Number(PixelX(0))}\" y1=\"{Number(PixelY(0))}\" x2=\"{Number(PixelX(1))}\" y2=\"{Number(PixelY(1))}\"/>");

    /// <summary>Fills the cell around a point, the darker the larger a share is, and writes into it.</summary>
    public void Cell(double x, double y, double share, string text)
    {
        (double left, double top) = (PixelX(x - 0.5), PixelY(y + 0.5));
        _svg.Append($"<rect class=\"f-cell\" fill-opacity=\"{(0.12 + (0.78 * share)).ToString("0.##", CultureInfo.InvariantCulture)}\" x=\"{Number(left)}\" y=\"{Number(top)}\" width=\"{Number(PixelX(x + 0.5) - left)}\" height=\"{Number(PixelY(y - 0.5) - top)}\"/>");
        Write(PixelX(x), PixelY(y) + 4, text, "middle", share > 0.5 ? "on" : "count");
    }

    /// <summary>The drawing as an element of a page.</summary>
    /// <param name="id">Unique in the page; ids inside the drawing start with it.</param>
    /// <param name="description">What it shows, for those who can't see it.</param>
    public Markup ToSvg(string id, string title, string description) => new HtmlBuilder().Append(
        $"<svg class=\"plot\" viewBox=\"0 0 {_width} {_height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{description}</desc>{_svg.ToMarkup()}</svg>").ToMarkup();

    private static string Number(double value) => Math.Round(value, 1).ToString(CultureInfo.InvariantCulture);

    private double PixelX(double x) => _left + ((x - _x.Least) / (_x.Most - _x.Least) * (_width - _left - Right));

    private double PixelY(double y) => _height - Bottom - ((y - _y.Least) / (_y.Most - _y.Least) * (_height - Top - Bottom));

    private void Stroke(string ink, double width, string path)
    {
        if (path.Length > 0)
        {
            _svg.Append($"<path class=\"s-{ink}\" fill=\"none\" stroke-width=\"{Number(width)}\" d=\"{new Markup(path)}\"/>");
        }
    }

    private void Write(double x, double y, string text, string anchor, string style) =>
        _svg.Append($"<text class=\"{style}\" x=\"{Number(x)}\" y=\"{Number(y)}\" text-anchor=\"{anchor}\">{text}</text>");
}

/// <summary>An axis of a drawing.</summary>
/// <param name="Title">What its numbers are.</param>
/// <param name="Least">The smallest number.</param>
/// <param name="Most">The largest number.</param>
/// <param name="Ticks">Where it is marked, and with what.</param>
internal sealed record PlotAxis(string Title, double Least, double Most, IReadOnlyList<(double At, string Text)> Ticks)
{
    /// <summary>An axis for shares, 0 to 1.</summary>
    public static PlotAxis Share(string title) =>
        new(title, 0, 1, [.. Enumerable.Range(0, 6).Select(i => (i / 5.0, (i / 5.0).ToString("0.0", CultureInfo.InvariantCulture)))]);

    /// <summary>An axis of names, each at a whole number.</summary>
    public static PlotAxis Names(string title, IReadOnlyList<string> names, bool downwards)
    {
        (double At, string Text)[] ticks = [.. names.Select((name, i) => ((double)(downwards ? names.Count - 1 - i : i), name))];
        return new PlotAxis(title, -0.5, names.Count - 0.5, ticks);
    }
}

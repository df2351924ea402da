using System.Globalization;
using System.Xml.Linq;
using SafeVision.Evaluation.Reports.Pages;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace SafeVision.Evaluation.Reports.Plots;

/// <summary>
/// A drawing by ScottPlot as SVG that stands inside a page. ScottPlot draws lines and areas; words are SVG text, which the
/// reader's own fonts show, because the machine that writes a report may have none.
/// </summary>
internal sealed class SvgPlot
{
    private const int Right = 14, Bottom = 46, Top = 12;

    /// <summary>Room for the marks of the vertical axis.</summary>
    private readonly int _left;

    private readonly int _width;
    private readonly int _height;
    private readonly PlotAxis _x;
    private readonly PlotAxis _y;
    private readonly HtmlBuilder _words = new();

    public SvgPlot(int width, int height, PlotAxis x, PlotAxis y, int left = 58)
    {
        (_width, _height, _x, _y, _left) = (width, height, x, y, left);
        Plot.Layout.Fixed(new PixelPadding(_left, Right, Bottom, Top));
        Plot.Axes.SetLimits(x.Least, x.Most, y.Least, y.Most);
        Plot.Axes.Bottom.TickGenerator = Ticks(x);
        Plot.Axes.Left.TickGenerator = Ticks(y);
        Plot.Axes.Color(PlotInk.Axis);
        Plot.Axes.Top.IsVisible = false;
        Plot.Axes.Right.IsVisible = false;
        Plot.Grid.MajorLineColor = PlotInk.Grid;
        Plot.FigureBackground.Color = Colors.Transparent;
        Plot.DataBackground.Color = Colors.Transparent;
        Plot.HideLegend();
        foreach ((double at, string text) in x.Ticks)
        {
            Write(PixelX(at), _height - Bottom + 17, text, "middle", "tick");
        }

        foreach ((double at, string text) in y.Ticks)
        {
            Write(_left - 8, PixelY(at) + 4, text, "end", "tick");
        }

        Write(_left + ((_width - _left - Right) / 2.0), _height - 8, x.Title, "middle", "title");
        double middle = Top + ((_height - Top - Bottom) / 2.0);
        _words.Append($"<text class=\"title\" text-anchor=\"middle\" transform=\"translate(13 {Number(middle)}) rotate(-90)\">{y.Title}</text>");
    }

    /// <summary>What ScottPlot draws. Its own text would need fonts.</summary>
    public Plot Plot { get; } = new();

    /// <summary>Writes a word where the axes say.</summary>
    public void Label(double x, double y, string text, string style) => Write(PixelX(x), PixelY(y) + 4, text, "middle", style);

    /// <summary>The drawing as an element of a page.</summary>
    /// <param name="id">Unique in the page; ids inside the drawing start with it.</param>
    /// <param name="title">What a screen reader calls the drawing.</param>
    /// <param name="description">What it shows, for those who can't see it.</param>
    public Markup ToSvg(string id, string title, string description)
    {
        XElement drawing = XDocument.Parse(Plot.GetSvgXml(_width, _height)).Root!;
        SvgCleaner.Clean(drawing, id);
        var svg = new HtmlBuilder();
        svg.Append($"<svg class=\"plot\" viewBox=\"0 0 {_width} {_height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{description}</desc>");
        foreach (XElement element in drawing.Elements())
        {
            svg.Append($"{new Markup(element.ToString(SaveOptions.DisableFormatting))}\n");
        }

        svg.Append($"{_words.ToMarkup()}</svg>");
        return svg.ToMarkup();
    }

    private static NumericManual Ticks(PlotAxis axis) => new([.. axis.Ticks.Select(tick => tick.At)], [.. axis.Ticks.Select(_ => "")]);

    private static string Number(double value) => Math.Round(value, 1).ToString(CultureInfo.InvariantCulture);

    private double PixelX(double x) => _left + ((x - _x.Least) / (_x.Most - _x.Least) * (_width - _left - Right));

    private double PixelY(double y) => _height - Bottom - ((y - _y.Least) / (_y.Most - _y.Least) * (_height - Top - Bottom));

    private void Write(double x, double y, string text, string anchor, string style) =>
        _words.Append($"<text class=\"{style}\" x=\"{Number(x)}\" y=\"{Number(y)}\" text-anchor=\"{anchor}\">{text}</text>");
}

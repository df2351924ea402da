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

/// <summary>
/// Colours that stand for a class of the page's style sheet, so that one drawing serves light, dark and printed pages. No
/// drawing has these colours by chance: they are all but black.
/// </summary>
internal static class PlotInk
{
    /// <summary>The most lines that get a colour of their own; the style sheet has as many.</summary>
    public const int Colours = 8;

    private const string Prefix = "#0102";

    public static Color Axis { get; } = Of(0xF0);

    public static Color Grid { get; } = Of(0xF1);

    public static Color Chance { get; } = Of(0xF2);

    public static Color Cell { get; } = Of(0xF3);

    /// <summary>The colour of a line; those beyond <see cref="Colours"/> share a quiet one.</summary>
    public static Color Line(int index) => Of(Math.Min(index, Colours));

    /// <summary>The class that a colour stands for; null for any other colour.</summary>
    public static string? ClassOf(string colour) => colour.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
        && int.TryParse(colour.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            ? code switch
            {
                0xF0 => "axis",
                0xF1 => "grid",
                0xF2 => "chance",
                0xF3 => "cell",
                _ => $"line{code}",
            }
            : null;

    private static Color Of(int code) => Color.FromHex($"{Prefix}{code:X2}");
}

/// <summary>Makes a drawing fit to stand in a page beside others, under a policy that allows no inline style.</summary>
internal static class SvgCleaner
{
    /// <summary>
    /// Numbers ids anew (Skia counts them through the whole process, so the same drawing would differ from one time to the
    /// next), gives colours that stand for classes their class, and drops what HTML has no use for: namespaces and styles.
    /// </summary>
    /// <param name="drawing">The root of what Skia wrote.</param>
    /// <param name="prefix">What ids start with; unique in the page.</param>
    public static void Clean(XElement drawing, string prefix)
    {
        Dictionary<string, string> ids = drawing.Descendants()
            .Select(element => element.Attribute("id")?.Value)
            .OfType<string>()
            .Select((id, i) => (id, name: $"{prefix}-{i.ToString(CultureInfo.InvariantCulture)}"))
            .ToDictionary(pair => pair.id, pair => pair.name, StringComparer.Ordinal);
        foreach (XElement element in drawing.DescendantsAndSelf())
        {
            element.Name = element.Name.LocalName;
            List<XAttribute> attributes = [];
            List<string> classes = [];
            foreach (XAttribute attribute in element.Attributes())
            {
                string name = attribute.Name.LocalName, value = attribute.Value;
                if (attribute.IsNamespaceDeclaration || name == "style")
                {
                    continue;
                }

                if (name is "stroke" or "fill" && PlotInk.ClassOf(value) is { } ink)
                {
                    classes.Add(name == "stroke" ? $"s-{ink}" : $"f-{ink}");
                    continue;
                }

                attributes.Add(new XAttribute(name, Renamed(value, ids)));
            }

            if (classes.Count > 0)
            {
                attributes.Add(new XAttribute("class", string.Join(' ', classes)));
            }

            element.ReplaceAttributes(attributes);
        }
    }

    private static string Renamed(string value, Dictionary<string, string> ids)
    {
        if (ids.TryGetValue(value, out string? id))
        {
            return id;
        }

        bool isUrl = value.StartsWith("url(#", StringComparison.Ordinal);
        string target = isUrl ? value[5..^1] : value.StartsWith('#') ? value[1..] : "";
        return ids.TryGetValue(target, out string? renamed) ? isUrl ? $"url(#{renamed})" : $"#{renamed}" : value;
    }
}

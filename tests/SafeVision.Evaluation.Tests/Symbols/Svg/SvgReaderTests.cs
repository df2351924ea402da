using CsCheck;
using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Evaluation.Symbols.Svg;
using SkiaSharp;

namespace SafeVision.Evaluation.Tests.Symbols.Svg;

public sealed class SvgReaderTests
{
    private static readonly SKColor s_red = new(255, 0, 0);
    private static readonly SKColor s_blue = new(0, 0, 255);

    [Theory]
    [InlineData("<path fill=\"#f00\" d=\"M0 0h8v8H0z\"/>")]
    [InlineData("<rect width=\"8\" height=\"8\" fill=\"red\"/>")]
    [InlineData("<polygon points=\"0,0 8,0 8,8 0,8\" fill=\"rgb(255, 0, 0)\"/>")]
    [InlineData("<polyline points=\"0 0 8 0 8 8 0 8\" fill=\"#ff0000\"/>")]
    [InlineData("<circle cx=\"4\" cy=\"4\" r=\"4\" fill=\"#ff0000ff\"/>")]
    [InlineData("<ellipse cx=\"4px\" cy=\"4\" rx=\"4\" ry=\"4\" fill=\"#f00\"/>")]
    [InlineData("<line x1=\"0\" y1=\"4\" x2=\"8\" y2=\"4\" stroke=\"#f00\" stroke-width=\"8\"/>")]
    [InlineData("<g fill=\"#f00\"><path d=\"M0 0h8v8H0z\"/></g>")]
    [InlineData("<g transform=\"translate(8 8)rotate(180)\"><path fill=\"#f00\" d=\"M0 0h8v8H0z\"/></g>")]
    [InlineData("<path transform=\"matrix(.5 0 0 .5 0 0)\" fill=\"#f00\" d=\"M0 0h16v16H0z\"/>")]
    [InlineData("<defs><path id=\"a\" d=\"M0 0h4v4H0z\"/></defs><use href=\"#a\" fill=\"#f00\" transform=\"scale(2)\"/>")]
    [InlineData("<defs><path id=\"a\" d=\"M0 0h8v8H0z\"/></defs><use xlink:href=\"#a\" x=\"0\" fill=\"#f00\"/>")]
    [InlineData("<clipPath id=\"c\"><path id=\"s\" d=\"M0 0h8v8H0z\"/></clipPath><path clip-path=\"url(#c)\" fill=\"#f00\" d=\"M0 0h16v16H0z\"/>")]
    [InlineData("<path id=\"s\" d=\"M0 0h8v8H0z\" fill=\"none\"/><clipPath id=\"c\"><use href=\"#s\"/></clipPath><g clip-path=\"url(#c)\"><rect width=\"16\" height=\"16\" fill=\"#f00\"/></g>")]
    public void Shapes_groups_uses_and_clips_draw_the_same_red_square(string body)
    {
        using SKBitmap bitmap = SvgCanvas.Draw(body);

        Assert.Equal(s_red, bitmap.GetPixel(4, 4));
        Assert.Equal(0, bitmap.GetPixel(12, 4).Alpha);
        Assert.Equal(0, bitmap.GetPixel(4, 12).Alpha);
    }

    [Fact]
    public void The_current_colour_is_that_of_who_draws() =>
        Assert.Equal(s_blue, SvgCanvas.At("<path fill=\"currentColor\" d=\"M0 0h16v16H0z\"/>", 8, 8, s_blue));

    [Theory]
    [InlineData("evenodd", 0)]
    [InlineData("nonzero", 255)]
    public void The_fill_rule_decides_about_holes(string rule, byte alpha) =>
        Assert.Equal(alpha, SvgCanvas.At($"<path fill-rule=\"{rule}\" d=\"M0 0h16v16H0zM4 4h8v8H4z\"/>", 8, 8).Alpha);

    [Fact]
    public void A_group_fades_as_a_whole()
    {
        const string body = "<g opacity=\".5\"><path fill=\"#00f\" d=\"M0 0h16v16H0z\"/><path fill=\"#f00\" d=\"M0 0h16v16H0z\"/></g>";

        SKColor color = SvgCanvas.At(body, 8, 8);

        Assert.Equal((255, 0, 0), (color.Red, color.Green, color.Blue));
        Assert.InRange(color.Alpha, 127, 128);
    }

    [Theory]
    [InlineData("<linearGradient id=\"g\" x1=\"0\" x2=\"16\" y1=\"0\" y2=\"0\" gradientUnits=\"userSpaceOnUse\">{0}</linearGradient>")]
    [InlineData("<linearGradient id=\"g\" x2=\"100%\">{0}</linearGradient>")]
    [InlineData("<linearGradient id=\"g\" href=\"#h\"/><linearGradient id=\"h\" x1=\"0\" x2=\"1\">{0}</linearGradient>")]
    [InlineData("<linearGradient id=\"g\" x1=\"0\" x2=\"1\" gradientTransform=\"scale(16 1)\" y2=\"0\" gradientUnits=\"userSpaceOnUse\">{0}</linearGradient>")]
    public void A_linear_gradient_goes_from_its_first_colour_to_its_last(string gradient)
    {
        string body = string.Format(System.Globalization.CultureInfo.InvariantCulture, gradient, "<stop offset=\"0\" stop-color=\"#f00\"/><stop offset=\"1\" stop-color=\"#00f\"/>")
            + "<path fill=\"url(#g)\" d=\"M0 0h16v16H0z\"/>";

        using SKBitmap bitmap = SvgCanvas.Draw(body);

        Assert.All(Enumerable.Range(0, 16), x =>
        {
            SKColor color = bitmap.GetPixel(x, 8);
            Assert.InRange(color.Blue, (int)(255 * (x + 0.5) / 16) - 2, (int)(255 * (x + 0.5) / 16) + 2);
            Assert.InRange(color.Red, 255 - color.Blue - 2, 255 - color.Blue + 2);
        });
    }

    [Fact]
    public void A_radial_gradient_is_brightest_at_its_focus()
    {
        const string body = "<radialGradient id=\"g\" cx=\"8\" cy=\"8\" r=\"8\" fx=\"4\" fy=\"8\" gradientUnits=\"userSpaceOnUse\"><stop stop-color=\"#fff\"/><stop offset=\"1\"/></radialGradient><circle cx=\"8\" cy=\"8\" r=\"8\" fill=\"url(#g)\"/>";

        using SKBitmap bitmap = SvgCanvas.Draw(body);

        Assert.True(bitmap.GetPixel(4, 8).Red > 220);
        Assert.InRange(bitmap.GetPixel(12, 8).Red, 60, 160);
    }

    [Theory]
    [InlineData("<!DOCTYPE svg [<!ENTITY a \"b\">]><path d=\"&a;\"/>", "XML")]
    [InlineData("<path d=\"M0 0\"", "XML")]
    [InlineData("</svg><svg>", "XML")]
    [InlineData("<text>a</text>", "<text> is not read")]
    [InlineData("<image href=\"file:///etc/passwd\"/>", "<image> is not read")]
    [InlineData("<use href=\"#a\"/>", "not in it")]
    [InlineData("<use href=\"https://example.com/a.svg#b\"/>", "not in it")]
    [InlineData("<use/>", "no href")]
    [InlineData("<g id=\"a\"><use href=\"#a\"/></g>", "inside each other")]
    [InlineData("<clipPath id=\"a\"><use id=\"b\" href=\"#b\"/></clipPath><g clip-path=\"url(#a)\"/>", "inside each other")]
    [InlineData("<path d=\"M0 0h1e30v4z\"/>", "cannot be drawn")]
    [InlineData("<path d=\"nonsense\"/>", "cannot be drawn")]
    [InlineData("<circle r=\"NaN\"/>", "must be a number")]
    [InlineData("<circle r=\"1e9\"/>", "must be a number")]
    [InlineData("<g transform=\"rotate(1 2)\"/>", "not a transform")]
    [InlineData("<g transform=\"rotate(\"/>", "not a transform")]
    [InlineData("<path style=\"fill:red\" d=\"M0 0h4v4z\"/>", "Style sheets")]
    [InlineData("<path fill=\"chartreuse2\" d=\"M0 0h4v4z\"/>", "not a colour")]
    [InlineData("<path fill=\"url(#g)\" d=\"M0 0h4v4z\"/><linearGradient id=\"g\"/>", "stops")]
    [InlineData("<path fill=\"url(#g)\" d=\"M0 0h4v4z\"/><linearGradient id=\"g\" href=\"#g\"/>", "chain")]
    [InlineData("<path fill=\"url(#p)\" d=\"M0 0h4v4z\"/><pattern id=\"p\"/>", "is not read")]
    public void What_cannot_be_read_is_an_error_that_says_so(string body, string message) =>
        Assert.Contains(message, Assert.Throws<EvaluationException>(() => SvgReader.Read(body)).Message, StringComparison.Ordinal);

    [Fact]
    public void References_to_references_do_not_multiply()
    {
        // A billion shapes in twelve lines, each of ten uses of the one before.
        string body = "<g id=\"a0\"><path d=\"M0 0h1v1z\"/></g>"
            + string.Concat(Enumerable.Range(1, 9).Select(level => $"<g id=\"a{level}\">{string.Concat(Enumerable.Repeat($"<use href=\"#a{level - 1}\"/>", 10))}</g>"));

        Assert.Contains("with all its uses", Assert.Throws<EvaluationException>(() => SvgReader.Read(body)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_drawings_are_drawn_or_refused_and_nothing_else()
    {
        string[] bodies = [.. EmbeddedData.ReadSet("noto").Icons.Values.Where(icon => icon.Body.Contains("Gradient", StringComparison.Ordinal)).Select(icon => icon.Body).Take(40)];
        const string characters = "<>\"#/-.9eMmcz(%\0 ";

        Gen.Select(Gen.Int[0, bodies.Length - 1], Gen.Int[0, 4_000], Gen.Int[0, characters.Length - 1], Gen.Int[0, 30]).Sample((which, at, character, removed) =>
        {
            string body = bodies[which];
            at %= body.Length;
            string damaged = body.Remove(at, Math.Min(removed, body.Length - at)).Insert(at, characters[character].ToString());
            try
            {
                SvgCanvas.Draw(damaged).Dispose();
            }
            catch (EvaluationException)
            {
                // What cannot be drawn has to say so in this way.
            }
        }, iter: 600);
    }

    [Fact]
    public void Depth_count_and_length_are_bounded()
    {
        Assert.Throws<EvaluationException>(() => SvgReader.Read(string.Concat(Enumerable.Repeat("<g>", 10_000)) + string.Concat(Enumerable.Repeat("</g>", 10_000))));
        Assert.Throws<EvaluationException>(() => SvgReader.Read(string.Concat(Enumerable.Repeat("<g/>", SvgLimits.Elements + 1))));
        Assert.Throws<EvaluationException>(() => SvgReader.Read($"<path d=\"M0 0{string.Concat(Enumerable.Repeat("h1", SvgLimits.PathCharacters / 2))}\"/>"));
        Assert.Throws<EvaluationException>(() => SvgReader.Read($"<path id=\"a\" d=\"M0 0{string.Concat(Enumerable.Repeat("h1", 50_000))}\"/>{string.Concat(Enumerable.Repeat("<use href=\"#a\"/>", 30))}"));
        Assert.Throws<EvaluationException>(() => SvgReader.Read(new string(' ', SvgLimits.Characters + 1)));
    }
}

using System.Text;
using System.Text.RegularExpressions;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Reports;

namespace SafeVision.Evaluation.Tests.Reports;

public sealed partial class HtmlReportTests
{
    [Fact]
    public async Task Hostile_names_and_reasons_stay_text()
    {
        string page = await RenderAsync(SampleReport.Create(SampleReport.Mistake()), _ => ImageSource.FromFile(Repository.Photo("chelsea.png")));

        // Every tag of the page is one that its writer knows; nothing of the dataset opened one.
        string[] known = ["!DOCTYPE", "html", "head", "meta", "link", "title", "style", "body", "a", "header", "h1", "h2", "h3", "p", "main", "footer", "script",
            "dl", "dt", "dd", "bdi", "code", "section", "strong", "ul", "li", "div", "span", "small", "table", "caption", "thead", "tbody", "tr", "th", "td", "svg",
            "desc", "text", "path", "rect", "circle", "ellipse", "line", "g", "clipPath", "defs", "figure", "figcaption", "details", "summary", "article", "label", "input", "img"];
        Assert.Empty(Tag().Matches(page).Select(match => match.Groups[1].Value).Except(known));
        Assert.Equal(2, Regex.Count(page, "<script>|</script>"));
        Assert.DoesNotMatch(" on[a-z]+=", Quoted().Replace(string.Concat(Tag().Matches(page).Select(match => match.Value)), "\"\""));
        Assert.DoesNotContain("id=owned>", page.Replace("&lt;h1 id=owned&gt;", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain('\u202E', page);
        Assert.DoesNotContain('\0', page);
        Assert.Contains("&lt;script&gt;alert(&#x27;category&#x27;)&lt;/script&gt;", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_names_nothing_outside_itself()
    {
        string page = await RenderAsync(SampleReport.Create(SampleReport.Mistake("a.png")), _ => ImageSource.FromFile(Repository.Photo("china.jpg")));
        foreach (Match match in Reference().Matches(page))
        {
            Assert.Matches("^(#|data:)", match.Groups[1].Value);
        }

        Assert.DoesNotContain(" style=", page, StringComparison.Ordinal);
        Assert.Matches("default-src 'none'; img-src data:; style-src 'sha256-[A-Za-z0-9+/=]{44}'; script-src 'sha256-[A-Za-z0-9+/=]{44}'", page);
    }

    [Fact]
    public async Task Every_number_names_the_run_that_it_is_from()
    {
        string page = await RenderAsync(SampleReport.Create());
        string[] tooltips = [.. Tooltip().Matches(page).Select(match => match.Groups[1].Value)];
        Assert.True(tooltips.Length >= 20);
        Assert.All(tooltips, tooltip =>
        {
            Assert.Contains("policy storefront 3 (aaaaaaaaaaaa)", tooltip, StringComparison.Ordinal);
            Assert.Contains("(dddddddddddd)", tooltip, StringComparison.Ordinal);
            Assert.Contains("efficientnet-lite0 eeeeeeeeeeee", tooltip, StringComparison.Ordinal);
            Assert.Contains("seed 20261124", tooltip, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Equal_reports_give_equal_bytes()
    {
        EvaluationReport report = SampleReport.Create(SampleReport.Mistake());
        ImageSource? Image(ReportMistake mistake) => ImageSource.FromFile(Repository.Photo("rocket.jpg"));
        Assert.Equal(await RenderAsync(report, Image), await RenderAsync(report, Image));
    }

    [Fact]
    public async Task An_image_that_cannot_be_read_is_a_remark()
    {
        string page = await RenderAsync(
            SampleReport.Create(SampleReport.Mistake("broken"), SampleReport.Mistake("gone"), SampleReport.Mistake("outside"), SampleReport.Mistake("good")),
            mistake => mistake.Sample switch
            {
                "broken" => ImageSource.FromBytes(Encoding.ASCII.GetBytes("\u0089PNG\r\n\u001a\nnot an image")),
                "gone" => ImageSource.FromFile("/nowhere/at/all.png"),
                "outside" => throw new DatasetException("The dataset names a file outside."),
                _ => ImageSource.FromFile(Repository.Photo("coffee.png")),
            });
        Assert.Equal(3, Regex.Count(page, "No image: "));
        Assert.Equal(2, Regex.Count(page, "<img src=\"data:image/jpeg"));
    }

    [Fact]
    public async Task Images_end_where_their_bytes_do()
    {
        ReportMistake[] mistakes = [.. Enumerable.Range(0, 8).Select(i => SampleReport.Mistake($"sample-{i}"))];
        string page = await RenderAsync(
            SampleReport.Create(mistakes), _ => ImageSource.FromFile(Repository.Photo("chelsea.png")), 80_000);
        int shown = Regex.Count(page, "<img ");
        Assert.InRange(shown, 2, 14);
        Assert.Equal(8, Regex.Count(page, "<article "));
        Assert.InRange(page.Length, 40_000, 80_000 + 150_000);
    }

    [Fact]
    public async Task A_page_shows_how_many_images_ended_in_which_way()
    {
        string page = await RenderAsync(SampleReport.Create());
        Assert.All<string>(["240 allowed (60 %)", "60 sent to review (15 %)", "97 blocked (24.3 %)", "3 could not be judged (0.8 %)"], words => Assert.Contains(words, page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_report_without_anything_is_still_a_page()
    {
        string page = await RenderAsync(new EvaluationReport { Identity = SampleReport.Identity with { Models = [], Samples = 0 }, Metrics = [] });
        Assert.Contains("</html>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<figure>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Curves_and_matrices_of_any_shape_are_drawn_or_left_out()
    {
        string[] many = [.. Enumerable.Range(0, 200).Select(i => $"category {i} {new string('x', 500)}")];
        var report = new EvaluationReport
        {
            Identity = SampleReport.Identity,
            Metrics = [],
            Curves =
            [
                new(CurveKind.Roc, "empty", []),
                new(CurveKind.Roc, "one", [new CurvePoint(0.5, 0.5)]),
                new(CurveKind.PrecisionRecall, "undefined", [new CurvePoint(double.NaN, double.NaN), new CurvePoint(double.PositiveInfinity, 1)]),
                .. many.Select(name => new ReportCurve(CurveKind.Roc, name, [.. Enumerable.Range(0, 5_000).Select(i => new CurvePoint(i / 5_000.0, i % 2))])),
            ],
            Confusion = new ConfusionTable(many, [.. many.Select(_ => (IReadOnlyList<int>)new int[many.Length])]),
        };
        string page = await RenderAsync(report);
        Assert.Equal(3, Regex.Count(page, "<figure>"));
        Assert.InRange(page.Length, 1, 12_000_000);
    }

    private static async Task<string> RenderAsync(EvaluationReport report, Func<ReportMistake, ImageSource?>? images = null, int maxImageBytes = 4_000_000)
    {
        using var stream = new MemoryStream();
        await HtmlReport.WriteAsync(stream, report, images, maxImageBytes, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [GeneratedRegex("<([A-Za-z!][A-Za-z0-9]*)[^<>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("(?:src|href|action|data|poster|srcset)=\"([^\"]*)\"")]
    private static partial Regex Reference();

    [GeneratedRegex("<span title=\"([^\"]*)\"")]
    private static partial Regex Tooltip();
}

using SafeVision.Evaluation.Reports;
using SkiaSharp;

namespace SafeVision.Evaluation.Tests.Reports;

/// <summary>What a reader sees, in a real browser. SAFEVISION_KEEP_PAGES names a folder that keeps pages and images.</summary>
public sealed class ReportPageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("safevision-page").FullName;

    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable("SAFEVISION_KEEP_PAGES") is { Length: > 0 } keep)
        {
            Directory.CreateDirectory(keep);
            foreach (string file in Directory.GetFiles(_folder))
            {
                File.Copy(file, Path.Combine(keep, Path.GetFileName(file)), overwrite: true);
            }
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_browser_shows_lines_and_blurs_images_until_they_are_asked_for()
    {
        Browser browser = Browser.Find();
        string page = await WriteAsync();
        string revealed = Path.Combine(_folder, "revealed.html");
        string text = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        Assert.Contains(" id=\"reveal\">", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(revealed, text.Replace(" id=\"reveal\">", " id=\"reveal\" checked>", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        using SKBitmap blurred = await browser.ScreenshotAsync(page, 1200, 3800, _folder);
        using SKBitmap sharp = await browser.ScreenshotAsync(revealed, 1200, 3800, _folder);

        SKColor[] pixels = blurred.Pixels;
        Assert.InRange(pixels.Count(pixel => pixel != SKColors.White), pixels.Length / 20, pixels.Length - (pixels.Length / 20));
        Assert.All<string>(["#1f6fd0", "#d9622b", "#12876a"], colour => Assert.True(pixels.Count(pixel => pixel == SKColor.Parse(colour)) > 100, $"No line is drawn in {colour}."));

        // Where the two differ is where the images are: there a blurred one is flat, and a sharp one is not.
        (double flat, double steep, int count) = Steepness(blurred, sharp);
        Assert.True(count > 20_000, $"Only {count} pixels changed when the images were shown.");
        Assert.True(steep > 4 * flat, $"The mean step from a pixel to the next is {flat:F2} blurred and {steep:F2} sharp.");
    }

    [Fact]
    public async Task A_browser_has_nothing_to_complain_of()
    {
        Browser browser = Browser.Find();
        (string dom, string log) = await browser.DumpAsync(await WriteAsync(), _folder);
        Assert.DoesNotContain("CONSOLE", log, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"owned\"", dom, StringComparison.Ordinal);
        Assert.DoesNotContain("<iframe", dom, StringComparison.Ordinal);

        // The script ran under the page's policy: it made a button of every heading of the tables.
        Assert.Contains("<th scope=\"col\"><button type=\"button\">Category</button></th>", dom, StringComparison.Ordinal);

        // The log would tell: the same page with an image from elsewhere is refused by the page's own policy.
        string other = Path.Combine(_folder, "other.html");
        string text = await File.ReadAllTextAsync(Path.Combine(_folder, "report.html"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(other, text.Replace("</main>", "<img src=\"http://127.0.0.1:9/a.png\" alt=\"\"></main>", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        Assert.Contains("Content Security Policy", (await browser.DumpAsync(other, _folder)).Log, StringComparison.Ordinal);
    }

    private static (double First, double Second, int Count) Steepness(SKBitmap first, SKBitmap second)
    {
        (double sumFirst, double sumSecond, int count) = (0, 0, 0);
        (SKColor[] one, SKColor[] other) = (first.Pixels, second.Pixels);
        for (int i = 0; i + 1 < Math.Min(one.Length, other.Length); i++)
        {
            if (one[i] != other[i] && one[i + 1] != other[i + 1])
            {
                sumFirst += Math.Abs(one[i].Green - one[i + 1].Green);
                sumSecond += Math.Abs(other[i].Green - other[i + 1].Green);
                count++;
            }
        }

        return (sumFirst / Math.Max(1, count), sumSecond / Math.Max(1, count), count);
    }

    private async Task<string> WriteAsync()
    {
        string[] photos = ["chelsea.png", "astronaut.png", "china.jpg", "rocket.jpg"];
        ReportMistake[] mistakes = [.. photos.Select((photo, i) => SampleReport.Mistake(photo, i % 2 == 0))];
        return await ReportFolder.WriteAsync(
            _folder, SampleReport.Create(mistakes), mistake => ImageSource.FromFile(Repository.Photo(mistake.Sample)), cancellationToken: TestContext.Current.CancellationToken);
    }
}

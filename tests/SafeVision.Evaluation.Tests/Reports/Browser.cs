using System.Diagnostics;
using SkiaSharp;

namespace SafeVision.Evaluation.Tests.Reports;

/// <summary>A real Chromium without a window.</summary>
internal sealed class Browser
{
    /// <summary>Set to 1 where a test without a browser is to fail rather than be skipped.</summary>
    public const string Required = "SAFEVISION_BROWSER_REQUIRED";

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

    private readonly string _program;

    private Browser(string program) => _program = program;

    /// <summary>The browser on PATH; skips the test where there is none.</summary>
    public static Browser Find()
    {
        string? program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
        if (program is null && Environment.GetEnvironmentVariable(Required) == "1")
        {
            Assert.Fail($"{Required} is 1 and there is no {string.Join(", ", Names)} on PATH.");
        }

        Assert.SkipWhen(program is null, $"There is no browser on PATH ({string.Join(", ", Names)}). Install one, as 'apt-get install chromium' does, to run this test; {Required}=1 makes its absence a failure.");
        return new Browser(program!);
    }

    /// <summary>The page as an image of so many pixels.</summary>
    public async Task<SKBitmap> ScreenshotAsync(string page, int width, int height, string folder)
    {
        string png = Path.ChangeExtension(page, ".png");
        await RunAsync(folder, [$"--screenshot={png}", $"--window-size={width},{height}", "--hide-scrollbars", new Uri(page).AbsoluteUri]);
        Assert.True(File.Exists(png), "The browser took no image.");
        return SKBitmap.Decode(png);
    }

    /// <summary>The page's elements after it was read, and what the browser had to say of it.</summary>
    public async Task<(string Dom, string Log)> DumpAsync(string page, string folder) =>
        await RunAsync(folder, ["--dump-dom", "--enable-logging=stderr", "--v=0", new Uri(page).AbsoluteUri]);

    private async Task<(string Output, string Log)> RunAsync(string folder, IEnumerable<string> arguments)
    {
        string[] quiet =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--force-color-profile=srgb", $"--user-data-dir={Path.Combine(folder, "profile")}",
        ];
        using var process = Process.Start(new ProcessStartInfo(_program, [.. quiet, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token), log = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, $"{_program} ended with {process.ExitCode}: {await log}");
            return (await output, await log);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}

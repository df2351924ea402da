namespace SafeVision.Evaluation.Reports;

/// <summary>Writes a report in its three forms side by side: <c>report.html</c>, <c>report.json</c> and <c>report.md</c>.</summary>
public static class ReportFolder
{
    /// <summary>Writes the three files; each is whole or not there.</summary>
    /// <param name="folder">Where to; made where it is missing. Earlier reports in it are replaced.</param>
    /// <param name="report">What was measured.</param>
    /// <param name="images">The image that was judged, for a mistake; null for no pictures.</param>
    /// <param name="options">How the page is made; null: the defaults.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    /// <returns>The page's path.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static async Task<string> WriteAsync(
        string folder,
        EvaluationReport report,
        Func<ReportMistake, ImageSource?>? images = null,
        HtmlReportOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(report);
        Directory.CreateDirectory(folder);
        await ReplaceAsync(Path.Combine(folder, "report.json"), stream => JsonReport.WriteAsync(stream, report, cancellationToken)).ConfigureAwait(false);
        await ReplaceAsync(Path.Combine(folder, "report.md"), stream => WriteTextAsync(stream, MarkdownReport.Render(report), cancellationToken)).ConfigureAwait(false);
        string page = Path.Combine(folder, "report.html");
        await ReplaceAsync(page, stream => HtmlReport.WriteAsync(stream, report, images, options, cancellationToken)).ConfigureAwait(false);
        return page;
    }

    internal static async Task WriteTextAsync(Stream stream, string text, CancellationToken cancellationToken) =>
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text), cancellationToken).ConfigureAwait(false);

    /// <summary>Writes beside and moves over, so that a reader never sees half a file.</summary>
    internal static async Task ReplaceAsync(string path, Func<Stream, Task> write)
    {
        string unfinished = path + ".tmp";
        await using (var stream = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await write(stream).ConfigureAwait(false);
        }

        File.Move(unfinished, path, overwrite: true);
    }
}

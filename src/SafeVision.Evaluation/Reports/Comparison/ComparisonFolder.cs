using System.Text.Json;

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>Writes a comparison in its three forms side by side: <c>comparison.html</c>, <c>comparison.json</c> and <c>comparison.md</c>.</summary>
public static class ComparisonFolder
{
    /// <summary>Writes the three files; each is whole or not there. Equal comparisons give equal bytes.</summary>
    /// <param name="folder">Where to; made where it is missing. Earlier comparisons in it are replaced.</param>
    /// <param name="comparison">The two runs.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    /// <returns>The page's path.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static async Task<string> WriteAsync(string folder, RunComparison comparison, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(comparison);
        Directory.CreateDirectory(folder);
        await ReportFolder.ReplaceAsync(Path.Combine(folder, "comparison.json"), async stream =>
        {
            await JsonSerializer.SerializeAsync(stream, ComparisonDocument.Of(comparison), ReportJson.Default.ComparisonDocument, cancellationToken).ConfigureAwait(false);
            stream.WriteByte((byte)'\n');
        }).ConfigureAwait(false);
        await ReportFolder.ReplaceAsync(
            Path.Combine(folder, "comparison.md"), stream => ReportFolder.WriteTextAsync(stream, ComparisonMarkdown.Render(comparison), cancellationToken)).ConfigureAwait(false);
        string page = Path.Combine(folder, "comparison.html");
        await ReportFolder.ReplaceAsync(page, stream => ComparisonPage.WriteAsync(stream, comparison, cancellationToken)).ConfigureAwait(false);
        return page;
    }
}

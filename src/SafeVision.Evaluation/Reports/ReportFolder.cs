namespace SafeVision.Evaluation.Reports;

/// <summary>Writes a report in its three forms side by side: <c>report.html</c>, <c>report.json</c> and <c>report.md</c>.</summary>
internal static class ReportFolder
{
    /// <summary>Writes the three files; each is whole or not there.</summary>
    /// <returns>The page's path.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static Task<string> WriteAsync(
        string folder,
        EvaluationReport report,
        Func<ReportMistake, ImageSource?>? images = null,
        CancellationToken cancellationToken = default) => WriteAsync(
            folder,
            "report",
            stream => JsonReport.WriteAsync(stream, report, cancellationToken),
            MarkdownReport.Render(report),
            stream => HtmlReport.WriteAsync(stream, report, images, cancellationToken: cancellationToken));

    /// <summary>Writes three forms of one thing under one name.</summary>
    public static async Task<string> WriteAsync(string folder, string name, Func<Stream, Task> json, string markdown, Func<Stream, Task> html)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        await WholeFile.WriteAsync(Path.Combine(folder, $"{name}.json"), json).ConfigureAwait(false);
        WholeFile.Write(Path.Combine(folder, $"{name}.md"), markdown);
        string page = Path.Combine(folder, $"{name}.html");
        await WholeFile.WriteAsync(page, html).ConfigureAwait(false);
        return page;
    }
}

/// <summary>A report as JSON, for programs: camelCase, in a stable order, null where a number is undefined.</summary>
internal static class JsonReport
{
    /// <summary>The most points of a curve in one axis; the raw scores are in the run's folder.</summary>
    private const int CurveParts = 1000;

    /// <summary>Writes the report in UTF-8. Equal reports give equal bytes.</summary>
    /// <remarks>Every number has <c>run</c>, the start of the hash of all that it rests on, which stands whole in <c>identity</c>.
    /// Points of a curve that lie closer than a thousandth to the one before are left out.</remarks>
    public static async Task WriteAsync(Stream stream, EvaluationReport report, CancellationToken cancellationToken = default)
    {
        EvaluationReport written = report with
        {
            Metrics = [.. report.Metrics.Select(metric => metric with { Run = report.Run })],
            Curves = [.. report.Curves.Select(curve => curve.Thin(CurveParts))],
        };
        await JsonSerializer.SerializeAsync(stream, written, ReportJson.Default.EvaluationReport, cancellationToken).ConfigureAwait(false);
        stream.WriteByte((byte)'\n');
    }
}

/// <summary>Source-generated metadata of what is written as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(EvaluationReport))]
[JsonSerializable(typeof(RunIdentity))]
[JsonSerializable(typeof(RunComparison))]
internal sealed partial class ReportJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;
using SafeVision.Evaluation.Reports.Comparison;
using SafeVision.Evaluation.Runs;
using SafeVision.Files;

namespace SafeVision.Evaluation.Reports;

/// <summary>Writes a report in its three forms side by side: <c>report.html</c>, <c>report.json</c> and <c>report.md</c>.</summary>
internal static class ReportFolder
{
    /// <summary>Writes the three files; each is whole or not there.</summary>
    /// <returns>The page's path.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static async Task<string> WriteAsync(
        string folder,
        EvaluationReport report,
        Func<ReportMistake, ImageSource?>? images = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        await WholeFile.WriteAsync(Path.Combine(folder, "report.json"), stream => JsonReport.WriteAsync(stream, report, cancellationToken)).ConfigureAwait(false);
        WholeFile.Write(Path.Combine(folder, "report.md"), MarkdownReport.Render(report));
        string page = Path.Combine(folder, "report.html");
        await WholeFile.WriteAsync(page, stream => HtmlReport.WriteAsync(stream, report, images, cancellationToken: cancellationToken)).ConfigureAwait(false);
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
        string run = ReportIdentity.Id(report.Identity);
        var document = new ReportDocument(
            ReportDocument.FormatName,
            run,
            report.Identity,
            [.. report.Metrics.Select(metric => new ReportDocument.Number(
                metric.Name, metric.Category, metric.Detail, metric.Value, metric.Lower, metric.Upper, metric.Support, metric.Unit, metric.HigherIsBetter, run))],
            report.Decisions,
            [.. report.Curves.Select(curve => curve.Thin(CurveParts))],
            report.Confusion,
            report.Mistakes,
            report.Notes);
        await JsonSerializer.SerializeAsync(stream, document, ReportJson.Default.ReportDocument, cancellationToken).ConfigureAwait(false);
        stream.WriteByte((byte)'\n');
    }
}

/// <summary>A report as a JSON file holds it.</summary>
internal sealed record ReportDocument(
    string Format,
    string Run,
    RunIdentity Identity,
    IReadOnlyList<ReportDocument.Number> Metrics,
    DecisionCounts? Decisions,
    IReadOnlyList<ReportCurve> Curves,
    ConfusionTable? Confusion,
    IReadOnlyList<ReportMistake> Mistakes,
    IReadOnlyList<string> Notes)
{
    /// <summary>The name and version of the file's form.</summary>
    public const string FormatName = "safevision-evaluation/1";

    /// <summary>A number with the run that it is from, so that it can be quoted by itself.</summary>
    internal sealed record Number(
        string Name,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Category,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail,
        double? Value,
        double? Lower,
        double? Upper,
        int Support,
        MetricUnit Unit,
        bool? HigherIsBetter,
        string Run);
}

/// <summary>Source-generated metadata of what is written as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(RunIdentity))]
[JsonSerializable(typeof(ComparisonDocument))]
internal sealed partial class ReportJson : JsonSerializerContext;

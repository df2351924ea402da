using System.Text.Json;

namespace SafeVision.Evaluation.Reports;

/// <summary>A report as JSON, for programs: camelCase, in a stable order, null where a number is undefined.</summary>
public static class JsonReport
{
    /// <summary>The most points of a curve in one axis; the raw scores are in the run's folder.</summary>
    private const int CurveParts = 1000;

    /// <summary>Writes the report in UTF-8. Equal reports give equal bytes.</summary>
    /// <param name="stream">Where to; left open.</param>
    /// <param name="report">What was measured.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    /// <remarks>
    /// Every number has <c>run</c>, the start of the hash of all that it rests on, which stands whole in <c>identity</c>.
    /// Points of a curve that lie closer than a thousandth to the one before are left out.
    /// </remarks>
    public static async Task WriteAsync(Stream stream, EvaluationReport report, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(report);
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

using SafeVision.Evaluation.Reports.Plots;

namespace SafeVision.Evaluation.Reports;

/// <summary>A report as one page that needs nothing beside it: no script, no other file, no connection.</summary>
/// <remarks>Text of datasets, policies and models is encoded, and the page's own content security policy lets in nothing but its
/// style, a script that sorts tables, and images in the page. Images are blurred until a reader asks for them. Equal reports and
/// images give equal bytes.</remarks>
internal static class HtmlReport
{
    private const int MaxImageBytes = 4_000_000;

    /// <summary>Writes the page in UTF-8; the stream stays open. Images are those that were judged, for a mistake; null for none.
    /// One that can't be read is a remark in the page, and all together take no more bytes than given.</summary>
    public static async Task WriteAsync(
        Stream stream,
        EvaluationReport report,
        Func<ReportMistake, ImageSource?>? images = null,
        int maxImageBytes = MaxImageBytes,
        CancellationToken cancellationToken = default)
    {
        IReadOnlyList<(MistakeImage?, string?)> painted = await PaintAsync(report.Mistakes, images, maxImageBytes, cancellationToken).ConfigureAwait(false);
        var markup = new MetricMarkup(ReportIdentity.Line(report.Identity));
        var content = new HtmlBuilder();
        content.Append($"""
            {NotesSection.Render(report.Notes)}
            {DecisionSection.Render(report.Decisions)}
            {MetricSections.Cards(report.Metrics, markup)}
            {MetricSections.ByCategory(report.Metrics, markup)}
            {PlotSection.Render(report)}
            {MistakeSection.Render(report.Mistakes, painted)}
            {MetricSections.All(report.Metrics, markup)}
            {GlossarySection.Render(report.Metrics.Select(metric => metric.Name))}
            """);
        await HtmlBuilder.WritePageAsync(
            stream,
            $"{ReportText.Name(report.Identity.Policy)} on {ReportText.Name(report.Identity.Dataset)}",
            new HtmlBuilder().Append($"<p>What the guardrail said of {report.Identity.Samples} images, against what is true of them.</p>{IdentitySection.Render(report.Identity)}").ToMarkup(),
            content.ToMarkup(),
            new HtmlBuilder().Append($"<p>{ReportIdentity.Line(report.Identity)}</p><p>Written by SafeVision. Numbers describe this dataset, policy and these models together; another of either gives others.</p>").ToMarkup(),
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task<IReadOnlyList<(MistakeImage?, string?)>> PaintAsync(
        IReadOnlyList<ReportMistake> mistakes, Func<ReportMistake, ImageSource?>? images, int budget, CancellationToken cancellationToken)
    {
        var painter = new MistakePainter();
        var painted = new List<(MistakeImage?, string?)>(mistakes.Count);
        foreach (ReportMistake mistake in mistakes)
        {
            (MistakeImage? image, string? problem) = images is null || budget <= 0
                ? (null, null)
                : await PaintAsync(painter, mistake, images, cancellationToken).ConfigureAwait(false);
            if (image is not null && image.Length > budget)
            {
                (image, problem, budget) = (null, "the page has as many bytes of images as it may have.", 0);
            }

            budget -= image?.Length ?? 0;
            painted.Add((image, problem));
        }

        return painted;
    }

    private static async Task<(MistakeImage?, string?)> PaintAsync(
        MistakePainter painter, ReportMistake mistake, Func<ReportMistake, ImageSource?> images, CancellationToken cancellationToken)
    {
        try
        {
            return images(mistake) is { } source
                ? (await painter.PaintAsync(source, mistake.Finding, cancellationToken).ConfigureAwait(false), null)
                : (null, null);
        }
        catch (Exception exception) when (exception is ImageRejectedException or DatasetException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return (null, exception.Message);
        }
    }
}

using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Reports.Pages;

/// <summary>What a page's numbers rest on.</summary>
internal static class IdentitySection
{
    /// <summary>The parts, one a line.</summary>
    public static Markup Render(RunIdentity identity)
    {
        var section = new HtmlBuilder();
        section.Append($"""
            <dl class="identity">
            <dt>Policy</dt><dd><bdi>{identity.Policy}</bdi> <bdi>{identity.PolicyVersion}</bdi> <code>{identity.PolicyHash}</code></dd>
            <dt>Dataset</dt><dd><bdi>{identity.Dataset}</bdi> <bdi>{identity.DatasetVersion}</bdi> <code>{identity.DatasetHash}</code></dd>
            <dt>Samples</dt><dd>{identity.Samples} <code>{identity.SamplesHash}</code></dd>
            """);
        foreach (string model in identity.Models)
        {
            section.Append($"<dt>Model</dt><dd><bdi>{model}</bdi></dd>");
        }

        return section.Append($"""
            <dt>Transform</dt><dd><bdi>{identity.Transform}</bdi></dd>
            <dt>Seed</dt><dd>{identity.Seed}</dd>
            <dt>Run</dt><dd><code>{ReportIdentity.Id(identity)}</code></dd>
            </dl>
            """).ToMarkup();
    }
}

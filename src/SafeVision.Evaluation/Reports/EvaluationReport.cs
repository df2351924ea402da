using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Reports;

/// <summary>All that a report shows. The page, the JSON and the Markdown file are three ways to write it.</summary>
public sealed record EvaluationReport
{
    /// <summary>What the numbers rest on.</summary>
    public required RunIdentity Identity { get; init; }

    /// <summary>The numbers: of all categories together first, then of each in the policy's order.</summary>
    public required IReadOnlyList<MetricValue> Metrics { get; init; }

    /// <summary>The curves.</summary>
    public IReadOnlyList<ReportCurve> Curves { get; init; } = [];

    /// <summary>The confusion matrix of the first true category against the first found one; null where samples carry several labels.</summary>
    public ConfusionTable? Confusion { get; init; }

    /// <summary>The worst mistakes, worst first.</summary>
    public IReadOnlyList<ReportMistake> Mistakes { get; init; } = [];

    /// <summary>What a reader must know to read the numbers rightly: categories without a sample, images that failed, parts not assessed.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Reports;

/// <summary>All that a report shows. The page, the JSON and the Markdown file are three ways to write it.</summary>
public sealed record EvaluationReport
{
    /// <summary>What the numbers rest on.</summary>
    public required RunIdentity Identity { get; init; }

    /// <summary>The numbers: of all categories together first, then of each in the policy's order.</summary>
    public required IReadOnlyList<MetricValue> Metrics { get; init; }

    /// <summary>What became of the images; null where none was judged.</summary>
    public DecisionCounts? Decisions { get; init; }

    /// <summary>The curves.</summary>
    public IReadOnlyList<ReportCurve> Curves { get; init; } = [];

    /// <summary>The confusion matrix of the first true category against the first found one; null where samples carry several labels.</summary>
    public ConfusionTable? Confusion { get; init; }

    /// <summary>The worst mistakes, worst first.</summary>
    public IReadOnlyList<ReportMistake> Mistakes { get; init; } = [];

    /// <summary>What a reader must know to read the numbers rightly: categories without a sample, images that failed, parts not assessed.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>How many images ended in which way; each counts once, so the four are all images together.</summary>
/// <param name="Allowed">Judged and let through.</param>
/// <param name="Reviewed">Judged and sent to a person.</param>
/// <param name="Blocked">Judged and blocked.</param>
/// <param name="Failed">Not judged at all; the policy's <c>onFailure</c> decided about them.</param>
public sealed record DecisionCounts(int Allowed, int Reviewed, int Blocked, int Failed)
{
    internal static DecisionCounts Of(IReadOnlyList<GuardrailResult> results)
    {
        int Judged(Decision decision) => results.Count(result => result.Failure is null && result.Decision == decision);
        return new(Judged(Decision.Allow), Judged(Decision.Review), Judged(Decision.Block), results.Count(result => result.Failure is not null));
    }
}

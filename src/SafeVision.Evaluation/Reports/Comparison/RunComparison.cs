using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>Two runs over the same samples, side by side.</summary>
public sealed record RunComparison
{
    /// <summary>What the first run's numbers rest on.</summary>
    public required RunIdentity First { get; init; }

    /// <summary>What the second run's numbers rest on.</summary>
    public required RunIdentity Second { get; init; }

    /// <summary>How many samples both answered: all numbers are about these.</summary>
    public required int Samples { get; init; }

    /// <summary>The metrics that both runs have: of all categories together first, then of each.</summary>
    public required IReadOnlyList<MetricDifference> Metrics { get; init; }

    /// <summary>The verdicts that changed: those that became wrong first, then those that became right, in the samples' order.</summary>
    public required IReadOnlyList<VerdictChange> Changes { get; init; }

    /// <summary>What a reader must know to read the numbers rightly.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>A comparison as a JSON file holds it. Every number belongs to the two runs named at the top.</summary>
internal sealed record ComparisonDocument(
    string Format,
    string FirstRun,
    string SecondRun,
    RunIdentity First,
    RunIdentity Second,
    int Samples,
    IReadOnlyList<MetricDifference> Metrics,
    IReadOnlyList<VerdictChange> Changes,
    IReadOnlyList<string> Notes)
{
    /// <summary>The name and version of the file's form.</summary>
    public const string FormatName = "safevision-comparison/1";

    public static ComparisonDocument Of(RunComparison comparison) => new(
        FormatName,
        ReportIdentity.Id(comparison.First),
        ReportIdentity.Id(comparison.Second),
        comparison.First,
        comparison.Second,
        comparison.Samples,
        comparison.Metrics,
        comparison.Changes,
        comparison.Notes);
}

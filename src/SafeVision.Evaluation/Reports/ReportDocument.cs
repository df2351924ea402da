using System.Text.Json.Serialization;
using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Reports;

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
        [property: JsonConverter(typeof(NaNAsNullConverter))] double Value,
        [property: JsonConverter(typeof(NaNAsNullConverter))] double Lower,
        [property: JsonConverter(typeof(NaNAsNullConverter))] double Upper,
        int Support,
        MetricUnit Unit,
        bool? HigherIsBetter,
        string Run);
}

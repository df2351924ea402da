using System.Text.Json.Serialization;
using SafeVision.Evaluation.Reports.Comparison;
using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Reports;

/// <summary>Source-generated metadata of what is written as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(RunIdentity))]
[JsonSerializable(typeof(ComparisonDocument))]
internal sealed partial class ReportJson : JsonSerializerContext;

using System.Text.Json.Serialization;
using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Reports;

/// <summary>Source-generated metadata of what is written as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(RunIdentity))]
internal sealed partial class ReportJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeVision.Evaluation.Runs;

/// <summary>Source-generated metadata of a run's files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(EvaluationRecord))]
[JsonSerializable(typeof(RunIdentity))]
internal sealed partial class EvaluationJson : JsonSerializerContext
{
    /// <summary>The same with line breaks, for files that people read.</summary>
    public static EvaluationJson Indented { get; } = new(new JsonSerializerOptions { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase });
}

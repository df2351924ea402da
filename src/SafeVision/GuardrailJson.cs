using System.Text.Json.Serialization;

namespace SafeVision;

/// <summary>Source-generated metadata to serialise results with System.Text.Json, also where reflection is off.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GuardrailResult))]
[JsonSerializable(typeof(IReadOnlyList<GuardrailResult>))]
public sealed partial class GuardrailJson : JsonSerializerContext;

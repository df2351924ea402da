using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeVision;

/// <summary>Source-generated metadata to serialise results with System.Text.Json, also where reflection is off.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GuardrailResult))]
[JsonSerializable(typeof(IReadOnlyList<GuardrailResult>))]
public sealed partial class GuardrailJson : JsonSerializerContext;

/// <summary>Writes enum values as camelCase words: <c>block</c>, <c>notAssessed</c>.</summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>Writes a number with at most six decimals, which is more than any score is worth.</summary>
public sealed class RoundedNumberConverter : JsonConverter<double>
{
    /// <inheritdoc />
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteNumberValue(Math.Round(value, 6));
    }
}

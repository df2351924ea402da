using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeVision;

/// <summary>Writes enum values as camelCase words: <c>block</c>, <c>notAssessed</c>.</summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;

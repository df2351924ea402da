using System.Text.Json.Serialization;

namespace SafeVision;

/// <summary>What is known about one category: three values, because "nobody looked" is neither safe nor unsafe.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<Verdict>))]
public enum Verdict
{
    /// <summary>No engine judged the category. The policy says what then happens.</summary>
    NotAssessed = 0,

    /// <summary>The score reached the category's review threshold.</summary>
    Unsafe = 1,

    /// <summary>The score stayed below the category's review threshold.</summary>
    Safe = 2,
}

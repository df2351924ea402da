using System.Text.Json.Serialization;

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>What a difference shows.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<DifferenceVerdict>))]
public enum DifferenceVerdict
{
    /// <summary>The interval holds 0, or there is none: the samples don't tell the two apart.</summary>
    Unclear = 0,

    /// <summary>The second run is better.</summary>
    Better,

    /// <summary>The second run is worse.</summary>
    Worse,

    /// <summary>The two differ in a number of which neither more nor less is better.</summary>
    Different,
}

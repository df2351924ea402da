using System.Text.Json.Serialization;

namespace SafeVision.Evaluation.Reports;

/// <summary>One measured number.</summary>
public sealed record MetricValue
{
    /// <summary>The metric's name in the field's words, such as <c>rocAuc</c>: one of <see cref="MetricCatalog"/>.</summary>
    public required string Name { get; init; }

    /// <summary>The category it is about; null for all together.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Category { get; init; }

    /// <summary>
    /// What it was measured at, where the name alone doesn't say: <c>0.95</c> for a false positive rate at that recall, the
    /// transform for a drop, the kind of pairs for a flip rate. Null where there is nothing to say.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }

    /// <summary>The number; NaN (in JSON: null) where it is undefined, as a recall without a positive is.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public required double Value { get; init; }

    /// <summary>The lower end of its interval; NaN where there is none.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public double Lower { get; init; } = double.NaN;

    /// <summary>The upper end of its interval; NaN where there is none.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public double Upper { get; init; } = double.NaN;

    /// <summary>How many samples it rests on: the fewer class where it compares two.</summary>
    public required int Support { get; init; }

    /// <summary>What the number is.</summary>
    public required MetricUnit Unit { get; init; }

    /// <summary>Whether more is better; null where neither is.</summary>
    public bool? HigherIsBetter { get; init; }
}

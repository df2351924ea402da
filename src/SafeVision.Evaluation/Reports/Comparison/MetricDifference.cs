using System.Text.Json.Serialization;

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>One metric of two runs over the same samples.</summary>
public sealed record MetricDifference
{
    /// <summary>The metric's name in <see cref="MetricCatalog"/>.</summary>
    public required string Name { get; init; }

    /// <summary>The category it is about; null for all together.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Category { get; init; }

    /// <summary>What it was measured at; null where the name says all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }

    /// <summary>The first run's number; NaN (in JSON: null) where it is undefined.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public required double First { get; init; }

    /// <summary>The second run's number; NaN where it is undefined.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public required double Second { get; init; }

    /// <summary>The second less the first; NaN where one is undefined.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public double Difference => Second - First;

    /// <summary>The lower end of the difference's paired bootstrap interval; NaN where there is none.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public double Lower { get; init; } = double.NaN;

    /// <summary>The upper end; NaN where there is none.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public double Upper { get; init; } = double.NaN;

    /// <summary>How many samples the number rests on: the fewer of the two runs.</summary>
    public required int Support { get; init; }

    /// <summary>What the number is.</summary>
    public required MetricUnit Unit { get; init; }

    /// <summary>Whether more is better; null where neither is.</summary>
    public bool? HigherIsBetter { get; init; }

    /// <summary>What the difference shows: something only where its interval leaves out 0.</summary>
    public DifferenceVerdict Verdict => !(Lower > 0 || Upper < 0)
        ? DifferenceVerdict.Unclear
        : HigherIsBetter is not { } higher
            ? DifferenceVerdict.Different
            : higher == Lower > 0 ? DifferenceVerdict.Better : DifferenceVerdict.Worse;
}

using System.Text.Json.Serialization;

namespace SafeVision.Evaluation.Reports;

/// <summary>What a metric's number is.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<MetricUnit>))]
public enum MetricUnit
{
    /// <summary>A share, 0 to 1.</summary>
    Share,

    /// <summary>A coefficient, -1 to 1.</summary>
    Coefficient,

    /// <summary>Milliseconds.</summary>
    Milliseconds,

    /// <summary>Images a second.</summary>
    ImagesPerSecond,

    /// <summary>A number of things.</summary>
    Count,
}

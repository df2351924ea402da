using System.Text.Json.Serialization;

namespace SafeVision.Assessments;

/// <summary>How much of a category an engine can judge.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<CoverageLevel>))]
public enum CoverageLevel
{
    /// <summary>Nothing: the category is reported as not assessed.</summary>
    None = 0,

    /// <summary>A part; <see cref="CategoryCoverage"/> says which.</summary>
    Partial = 1,

    /// <summary>Every phrase of the category.</summary>
    Full = 2,
}

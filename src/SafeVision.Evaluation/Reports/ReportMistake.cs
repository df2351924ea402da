using System.Text.Json.Serialization;

namespace SafeVision.Evaluation.Reports;

/// <summary>A sample that the guardrail got wrong, with what a reader needs to see why.</summary>
public sealed record ReportMistake
{
    /// <summary>The sample's id.</summary>
    public required string Sample { get; init; }

    /// <summary>The category that was missed or wrongly seen.</summary>
    public required string Category { get; init; }

    /// <summary>True where the category applies and was missed; false where it was seen and does not apply.</summary>
    public required bool Missed { get; init; }

    /// <summary>How far the score is on the wrong side of the threshold, 0 to 1; NaN where the category was not assessed.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public required double Severity { get; init; }

    /// <summary>The labels that are true.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>The guardrail's finding for the category.</summary>
    public required Finding Finding { get; init; }
}

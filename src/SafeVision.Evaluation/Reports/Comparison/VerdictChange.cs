using System.Text.Json.Serialization;

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>A sample for which two runs have different verdicts about a category.</summary>
public sealed record VerdictChange
{
    /// <summary>The sample's id.</summary>
    public required string Sample { get; init; }

    /// <summary>The category's id.</summary>
    public required string Category { get; init; }

    /// <summary>Whether the category applies.</summary>
    public required bool Applies { get; init; }

    /// <summary>The first run's verdict.</summary>
    public required Verdict First { get; init; }

    /// <summary>The second run's verdict.</summary>
    public required Verdict Second { get; init; }

    /// <summary>The first run's score; NaN (in JSON: null) where the category was not assessed.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public required double FirstScore { get; init; }

    /// <summary>The second run's score; NaN where the category was not assessed.</summary>
    [JsonConverter(typeof(NaNAsNullConverter))]
    public required double SecondScore { get; init; }

    /// <summary>True where only the second is right, false where only the first is, null where both are wrong or right: what is not assessed is right about nothing.</summary>
    public bool? Mended => (IsRight(First), IsRight(Second)) switch
    {
        (false, true) => true,
        (true, false) => false,
        _ => null,
    };

    private bool IsRight(Verdict verdict) => verdict == (Applies ? Verdict.Unsafe : Verdict.Safe);
}

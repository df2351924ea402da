namespace SafeVision;

/// <summary>What the guardrail found for one category of the policy.</summary>
public sealed record Finding
{
    /// <summary>The category's id.</summary>
    public required string Category { get; init; }

    /// <summary>How likely the category applies, 0 to 1; null when it was not assessed.</summary>
    [JsonConverter(typeof(RoundedNumberConverter))]
    public required double? Score { get; init; }

    /// <summary>Safe, unsafe or not assessed.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>The threshold that the score was measured against: the block threshold when it was reached, else the review threshold.</summary>
    public required double Threshold { get; init; }

    /// <summary>What this category alone asks for.</summary>
    public required Decision Decision { get; init; }

    /// <summary>How serious it is by the levels that the category states; null when it states none, or was not assessed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Severity? Severity { get; init; }

    /// <summary>How much of the category was judged.</summary>
    public required CoverageLevel Coverage { get; init; }

    /// <summary>One sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>What the score rests on.</summary>
    public required Evidence Evidence { get; init; }

    /// <summary>Why a model that covers the category failed on the image; null when none did. <see cref="Decision"/> is then the
    /// policy's <c>onFailure</c>, or stricter where another model saw more.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Failure { get; init; }

    /// <summary>The frame of an animated image that the finding is about; 0 for a still image.</summary>
    public int Frame { get; init; }

    /// <summary>How that frame is shown where the finding was made; in JSON only where it is not the default.</summary>
    [JsonConverter(typeof(CamelCaseEnumConverter<ImageRendering>))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ImageRendering Rendering { get; init; }
}

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

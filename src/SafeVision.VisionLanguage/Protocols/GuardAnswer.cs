namespace SafeVision.VisionLanguage.Protocols;

/// <summary>What a model said about one picture.</summary>
internal sealed record GuardAnswer
{
    /// <summary>One answer for each category of the policy, in its order; null where the model was not asked about it.</summary>
    public required IReadOnlyList<CategoryAnswer?> Categories { get; init; }

    /// <summary>The probability of "nothing that the policy forbids", 0 to 1; null where the protocol has no such answer.</summary>
    public double? Safe { get; init; }

    /// <summary>The reason in the model's own words; null where it wrote none.</summary>
    public string? Reason { get; init; }

    /// <summary>The position in the policy of the category that the reason is about; -1 when it names none.</summary>
    public int Primary { get; init; } = -1;
}

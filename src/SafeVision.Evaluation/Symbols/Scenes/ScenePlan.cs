namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>All that a picture will show, before it is drawn.</summary>
internal sealed record ScenePlan
{
    public required Background Background { get; init; }

    /// <summary>From back to front.</summary>
    public required IReadOnlyList<Placement> Placements { get; init; }

    /// <summary>A word on top; null: none.</summary>
    public Caption? Caption { get; init; }

    /// <summary>Reference reasons by category.</summary>
    public required IReadOnlyDictionary<string, string> Reasons { get; init; }

    /// <summary>What a breakdown may group by.</summary>
    public required IReadOnlyList<string> Tags { get; init; }
}

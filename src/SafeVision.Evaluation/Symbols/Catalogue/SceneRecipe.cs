namespace SafeVision.Evaluation.Symbols.Catalogue;

/// <summary>A picture whose meaning is a relation: a line of scenes.yaml.</summary>
internal sealed record SceneRecipe
{
    /// <summary>What a breakdown of results groups by.</summary>
    public required string Name { get; init; }

    /// <summary>The categories that it falls under; empty: harmless.</summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>The category that a harmless scene must not be taken for, or the first of <see cref="Categories"/>.</summary>
    public required string Near { get; init; }

    /// <summary>What stands in it.</summary>
    public required IReadOnlyList<ScenePart> Parts { get; init; }

    /// <summary>How the parts stand to each other.</summary>
    public required SceneLayout Layout { get; init; }

    /// <summary>The reference reason with {0}, {1}, … for the parts; empty for a harmless scene.</summary>
    public required string Says { get; init; }
}

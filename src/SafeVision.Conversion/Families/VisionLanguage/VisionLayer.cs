namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The weights of one layer of a vision tower: norm, attention, norm, feed-forward (Dosovitskiy et al., arXiv 2010.11929).</summary>
internal sealed record VisionLayer
{
    /// <summary>The name in the checkpoint.</summary>
    public required string Name { get; init; }

    public required NormWeights AttentionNorm { get; init; }

    public required Projection Query { get; init; }

    public required Projection Key { get; init; }

    public required Projection Value { get; init; }

    /// <summary>Over all heads' queries together; null: none.</summary>
    public NormWeights? QueryNorm { get; init; }

    /// <summary>Over all heads' keys together; null: none.</summary>
    public NormWeights? KeyNorm { get; init; }

    /// <summary>A layer scale behind it is already in it.</summary>
    public required Projection Output { get; init; }

    public required NormWeights MlpNorm { get; init; }

    /// <summary>What the activation is of, to be multiplied with the other projection; null: the activation is of that one.</summary>
    public Projection? Gate { get; init; }

    public required Projection Up { get; init; }

    /// <summary>A layer scale behind it is already in it.</summary>
    public required Projection Down { get; init; }

    /// <summary>Whether a token sees only those of its own window; of towers that have windows.</summary>
    public bool SeesWindow { get; init; }
}

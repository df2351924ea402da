namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The weights of one layer of a language model.</summary>
internal sealed record DecoderLayer
{
    /// <summary>The name in the checkpoint.</summary>
    public required string Name { get; init; }

    public required NormWeights AttentionNorm { get; init; }

    /// <summary>[heads · headSize, hidden].</summary>
    public required Projection Query { get; init; }

    /// <summary>[keyValueHeads · headSize, hidden].</summary>
    public required Projection Key { get; init; }

    /// <summary>[keyValueHeads · headSize, hidden].</summary>
    public required Projection Value { get; init; }

    /// <summary>Over each head's queries; null: none.</summary>
    public NormWeights? QueryNorm { get; init; }

    /// <summary>Over each head's keys; null: none.</summary>
    public NormWeights? KeyNorm { get; init; }

    /// <summary>[hidden, heads · headSize].</summary>
    public required Projection Output { get; init; }

    public required NormWeights MlpNorm { get; init; }

    public required Projection Gate { get; init; }

    public required Projection Up { get; init; }

    public required Projection Down { get; init; }
}

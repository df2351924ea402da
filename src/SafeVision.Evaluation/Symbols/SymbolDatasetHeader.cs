namespace SafeVision.Evaluation.Symbols;

/// <summary>What dataset.json says of a dataset that was built here.</summary>
internal sealed record SymbolDatasetHeader
{
    public required string Name { get; init; }

    public required string Version { get; init; }

    /// <summary>What it must not be taken for.</summary>
    public required string Notice { get; init; }

    public required IReadOnlyList<string> Categories { get; init; }

    public required long Seed { get; init; }

    public required string Split { get; init; }

    public required int Count { get; init; }

    public required int ImageSize { get; init; }

    public required double SafeShare { get; init; }

    /// <summary>SHA-256 over samples.jsonl and then all images in its order.</summary>
    public required string ContentHash { get; init; }

    /// <summary>How many pictures fall under each category, and how many under none (SAFE).</summary>
    public required IReadOnlyDictionary<string, int> Counts { get; init; }

    public required IReadOnlyList<SymbolSetNotice> Sets { get; init; }
}

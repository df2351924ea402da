namespace SafeVision.Evaluation.Datasets;

/// <summary>What a <c>dataset.json</c> must say; it may say more, which is for people.</summary>
internal sealed record DatasetHeader
{
    public string? Name { get; init; }

    public string? Version { get; init; }

    public IReadOnlyList<string>? Categories { get; init; }
}

namespace SafeVision.VisionLanguage.Families;

/// <summary>The numbers and marks of InternVL's dynamic tiling.</summary>
internal sealed record InternVlTiling
{
    /// <summary>A tile's side in pixels.</summary>
    public required int Side { get; init; }

    /// <summary>Image tokens along a side of a tile.</summary>
    public required int TokensOfSide { get; init; }

    /// <summary>The fewest tiles, the thumbnail apart.</summary>
    public int MinimumTiles { get; init; } = 1;

    /// <summary>The most tiles, the thumbnail apart.</summary>
    public required int MaximumTiles { get; init; }

    /// <summary>Whether a thumbnail follows where there is more than one tile.</summary>
    public required bool HasThumbnail { get; init; }

    /// <summary>Whether a tile's tokens run down its columns: pixel shuffle before <c>ps_version</c> v2.</summary>
    public bool IsTransposed { get; init; }

    /// <summary>What stands in the prompt before a picture's tokens.</summary>
    public string StartMark { get; init; } = "<img>";

    /// <summary>The image token's text.</summary>
    public string ContextMark { get; init; } = "<IMG_CONTEXT>";

    /// <summary>What stands in the prompt after a picture's tokens.</summary>
    public string EndMark { get; init; } = "</img>";

    /// <summary>Image tokens of a tile.</summary>
    public int TokensOfTile => TokensOfSide * TokensOfSide;
}

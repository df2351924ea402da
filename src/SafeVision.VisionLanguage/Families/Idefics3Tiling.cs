namespace SafeVision.VisionLanguage.Families;

/// <summary>The numbers and marks of Idefics3's image splitting.</summary>
internal sealed record Idefics3Tiling
{
    /// <summary>A tile's side in pixels.</summary>
    public required int Side { get; init; }

    /// <summary>What a picture's longer side is resized to before it is split.</summary>
    public required int LongestEdge { get; init; }

    /// <summary>Image tokens along a side of a tile.</summary>
    public required int TokensOfSide { get; init; }

    /// <summary>Whether pictures are split at all.</summary>
    public required bool IsSplit { get; init; }

    /// <summary>The image token's text.</summary>
    public string ImageMark { get; init; } = "<image>";

    /// <summary>What stands before every tile and after the last.</summary>
    public string FakeMark { get; init; } = "<fake_token_around_image>";

    /// <summary>What stands before the overview.</summary>
    public string GlobalMark { get; init; } = "<global-img>";

    /// <summary>Image tokens of a tile.</summary>
    public int TokensOfTile => TokensOfSide * TokensOfSide;
}

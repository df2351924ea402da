namespace SafeVision.VisionLanguage.Families;

/// <summary>What a host asks of a family's preprocessing beyond what the model's files say.</summary>
internal sealed record PreparationOptions
{
    /// <summary>As the model's files say.</summary>
    public static PreparationOptions Default { get; } = new();

    /// <summary>
    /// The most tiles that a picture is cut into, at least 1, an overview of the whole picture apart. Each tile costs its tokens,
    /// so fewer tiles are faster and see less. It only ever lowers the model's own number; families without tiles ignore it.
    /// </summary>
    public int? MaximumTiles
    {
        get;
        init => field = value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A picture is cut into at least one tile.");
    }

    /// <summary>
    /// The most tokens that a picture should take, at least 1, where a family resizes pictures by their number of pixels; null:
    /// as many as the model's files allow, which may be all of its context. It only ever lowers the model's own number.
    /// </summary>
    public int? MaximumTokens
    {
        get;
        init => field = value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A picture takes at least one token.");
    }
}

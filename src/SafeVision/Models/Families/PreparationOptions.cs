namespace SafeVision.Models.Families;

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
}

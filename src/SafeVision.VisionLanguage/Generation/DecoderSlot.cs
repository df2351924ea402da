namespace SafeVision.VisionLanguage.Generation;

/// <summary>A place for one sequence: its tokens, and the keys and values of those that were computed.</summary>
internal sealed class DecoderSlot(int row, KeyValueCache cache)
{
    /// <summary>Its place among the slots.</summary>
    public int Row { get; } = row;

    /// <summary>Keys and values of the first <see cref="KeyValueCache.Length"/> tokens.</summary>
    public KeyValueCache Cache { get; } = cache;

    /// <summary>The tokens; those beyond the cache's length are yet to be computed.</summary>
    public TokenSequence Tokens { get; set; } = new();

    /// <summary>The pictures' features, in order; empty where their tokens are already computed.</summary>
    public IReadOnlyList<ImageFeatures> Features { get; set; } = [];

    /// <summary>How many tokens are yet to be computed.</summary>
    public int Pending => Tokens.Count - Cache.Length;

    /// <summary>Forgets everything from a token on.</summary>
    public void Truncate(int count)
    {
        Tokens.Truncate(count);
        if (Cache.Length > count)
        {
            Cache.Rewind(count);
        }
    }
}

namespace SafeVision.Benchmarks.Checkpoints;

/// <summary>The sizes of a language model.</summary>
internal sealed record TextShape(int Layers, int Width, int Heads, int KeyValueHeads, int FeedForward, int Vocabulary)
{
    /// <summary>Whether embeddings and head are one table.</summary>
    public bool IsTied { get; init; } = true;

    /// <summary>The width of all keys, or of all values.</summary>
    public int KeyValueWidth => Width / Heads * KeyValueHeads;
}

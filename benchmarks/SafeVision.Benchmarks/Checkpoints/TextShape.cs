namespace SafeVision.Benchmarks.Checkpoints;

/// <summary>The sizes of a language model whose embeddings and head are one table.</summary>
internal sealed record TextShape(int Layers, int Width, int Heads, int KeyValueHeads, int FeedForward, int Vocabulary)
{
    /// <summary>The width of all keys, or of all values.</summary>
    public int KeyValueWidth => Width / Heads * KeyValueHeads;
}

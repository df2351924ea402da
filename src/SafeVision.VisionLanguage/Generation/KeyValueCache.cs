using Microsoft.ML.OnnxRuntime;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>
/// Keys and values of one sequence's tokens in every layer, in memory that is allocated once. Not thread-safe.
/// </summary>
internal abstract class KeyValueCache(DecoderGraph graph, int capacity) : IDisposable
{
    protected DecoderGraph Graph { get; } = graph;

    /// <summary>The most tokens it can hold.</summary>
    public int Capacity { get; } = capacity;

    /// <summary>How many tokens it holds.</summary>
    public int Length { get; protected set; }

    /// <summary>Bytes of one head's key or value of one token.</summary>
    protected int RowBytes { get; } = graph.HeadSize * TensorElements.SizeOf(graph.CacheType);

    /// <summary>Forgets all tokens but the first ones. What is left is exactly what it was when they were computed.</summary>
    public void Rewind(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length < Length)
        {
            Shorten(length);
            Length = length;
        }
    }

    /// <summary>Replaces everything by the first tokens of another cache of the same graph.</summary>
    public void CopyPrefix(KeyValueCache source, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Math.Min(source.Length, Capacity));
        Length = 0;
        for (int tensor = 0; tensor < Graph.Names.Past.Count; tensor++)
        {
            for (int head = 0; head < Graph.Heads; head++)
            {
                (NativeBuffer from, long offset) = source.Locate(tensor, head, source.Length);
                (NativeBuffer to, long target) = Locate(tensor, head, length);
                NativeBuffer.Copy(from, offset, to, target, (long)length * RowBytes);
            }
        }

        Length = length;
    }

    /// <summary>Binds the past and room for the new tokens to a run of the graph.</summary>
    public abstract void Bind(OrtIoBinding binding, int newTokens);

    /// <summary>Says that the bound run succeeded.</summary>
    public abstract void Commit(int newTokens);

    /// <summary>Where a head's first token lies when the cache holds <paramref name="length"/> tokens.</summary>
    protected abstract (NativeBuffer Buffer, long Offset) Locate(int tensor, int head, int length);

    protected abstract void Shorten(int length);

    public abstract void Dispose();
}

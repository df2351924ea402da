using Microsoft.ML.OnnxRuntime;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>
/// One row of the buffers that <see cref="SharedKeyValueBuffers"/> keeps for graphs that append in place: nothing is copied
/// when a token is added, and going back is forgetting.
/// </summary>
internal sealed class SharedKeyValueCache(DecoderGraph graph, SharedKeyValueBuffers buffers, int row) : KeyValueCache(graph, buffers.Capacity - 1)
{
    /// <summary>Its place among the buffers' rows.</summary>
    public int Row { get; } = row;

    public override void Bind(OrtIoBinding binding, int newTokens) => buffers.Bind(binding, Row, 1);

    public override void Commit(int newTokens) => Length += newTokens;

    protected override (NativeBuffer Buffer, long Offset) Locate(int tensor, int head, int length) =>
        (buffers[tensor], (((long)Row * Graph.Heads) + head) * buffers.Capacity * RowBytes);

    protected override void Shorten(int length)
    {
        // Rows beyond the length are ignored by the operator and overwritten later.
    }

    public override void Dispose()
    {
    }
}

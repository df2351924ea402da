using Microsoft.ML.OnnxRuntime;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>
/// For graphs that return keys and values with the new tokens appended: two sets of buffers that are past and present in
/// turn, so that the only copy is the one that the graph makes.
/// </summary>
internal sealed class GrowingKeyValueCache : KeyValueCache
{
    private readonly NativeBuffer[][] _buffers; // [set][tensor]
    private readonly List<OrtValue> _bound = [];
    private int _current;

    public GrowingKeyValueCache(DecoderGraph graph, int capacity)
        : base(graph, capacity)
    {
        long bytes = checked((long)graph.Heads * capacity * RowBytes);
        _buffers = [[.. graph.Names.Past.Select(_ => new NativeBuffer(bytes))], [.. graph.Names.Past.Select(_ => new NativeBuffer(bytes))]];
    }

    public override void Bind(OrtIoBinding binding, int newTokens)
    {
        Release();
        for (int i = 0; i < Graph.Names.Past.Count; i++)
        {
            binding.BindInput(Graph.Names.Past[i], View(_buffers[_current][i], Length));
            binding.BindOutput(Graph.Names.Present[i], View(_buffers[1 - _current][i], Length + newTokens));
        }
    }

    public override void Commit(int newTokens)
    {
        Length += newTokens;
        _current = 1 - _current;
    }

    /// <summary>Takes the tokens of a head that were computed as part of a batch; the cache is empty.</summary>
    public void Fill(int tensor, int head, NativeBuffer source, long offset, int count) =>
        NativeBuffer.Copy(source, offset, _buffers[1 - _current][tensor], (long)head * count * RowBytes, (long)count * RowBytes);

    protected override (NativeBuffer Buffer, long Offset) Locate(int tensor, int head, int length) =>
        (_buffers[_current][tensor], (long)head * length * RowBytes);

    protected override void Shorten(int length)
    {
        for (int tensor = 0; tensor < Graph.Names.Past.Count; tensor++)
        {
            for (int head = 1; head < Graph.Heads; head++)
            {
                (NativeBuffer buffer, long from) = Locate(tensor, head, Length);
                buffer.Move(from, Locate(tensor, head, length).Offset, (long)length * RowBytes);
            }
        }
    }

    private OrtValue View(NativeBuffer buffer, int length)
    {
        OrtValue value = buffer.Tensor(Graph.CacheType, [1, Graph.Heads, length, Graph.HeadSize]);
        _bound.Add(value);
        return value;
    }

    private void Release()
    {
        _bound.ForEach(value => value.Dispose());
        _bound.Clear();
    }

    public override void Dispose()
    {
        Release();
        foreach (NativeBuffer buffer in _buffers.SelectMany(set => set))
        {
            buffer.Dispose();
        }
    }
}

using Microsoft.ML.OnnxRuntime;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>Keys and values of a batch as a graph returns them that does not append in place, [batch, heads, tokens, headSize], on their way into the sequences' own caches.</summary>
internal sealed class BatchPresent : IDisposable
{
    private readonly DecoderGraph _graph;
    private readonly int _batch;
    private readonly int _tokens;
    private readonly int _rowBytes;
    private readonly NativeBuffer[] _buffers; // [tensor]
    private readonly NativeBuffer _nothing = new(0);
    private readonly List<OrtValue> _values = [];

    public BatchPresent(DecoderGraph graph, int batch, int tokens)
    {
        (_graph, _batch, _tokens, _rowBytes) = (graph, batch, tokens, graph.HeadSize * TensorElements.SizeOf(graph.CacheType));
        _buffers = [.. graph.Names.Past.Select(_ => new NativeBuffer(checked((long)batch * graph.Heads * tokens * _rowBytes)))];
    }

    public void Bind(OrtIoBinding binding)
    {
        for (int i = 0; i < _buffers.Length; i++)
        {
            binding.BindInput(_graph.Names.Past[i], Tensor(_nothing, 0));
            binding.BindOutput(_graph.Names.Present[i], Tensor(_buffers[i], _tokens));
        }
    }

    /// <summary>Copies the first <paramref name="count"/> tokens of a row, without its padding.</summary>
    public void Copy(int row, KeyValueCache cache, int count)
    {
        for (int tensor = 0; tensor < _buffers.Length; tensor++)
        {
            for (int head = 0; head < _graph.Heads; head++)
            {
                ((GrowingKeyValueCache)cache).Fill(tensor, head, _buffers[tensor], (((long)row * _graph.Heads) + head) * _tokens * _rowBytes, count);
            }
        }
    }

    private OrtValue Tensor(NativeBuffer buffer, int tokens)
    {
        OrtValue value = buffer.Tensor(_graph.CacheType, [_batch, _graph.Heads, tokens, _graph.HeadSize]);
        _values.Add(value);
        return value;
    }

    public void Dispose()
    {
        _values.ForEach(value => value.Dispose());
        foreach (NativeBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }

        _nothing.Dispose();
    }
}

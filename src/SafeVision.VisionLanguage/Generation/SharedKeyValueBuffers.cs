using Microsoft.ML.OnnxRuntime;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>
/// The key and value tensors, [rows, heads, capacity, headSize], of all sequences of a graph that appends in place. Bound as
/// past and present at once, so that the operator writes new tokens where they belong. Neighbouring rows make a batch.
/// </summary>
internal sealed class SharedKeyValueBuffers : IDisposable
{
    private readonly DecoderGraph _graph;
    private readonly NativeBuffer[] _buffers; // [tensor]
    private readonly Dictionary<(int Row, int Count), OrtValue[]> _tensors = [];

    public SharedKeyValueBuffers(DecoderGraph graph, int rows, int capacity)
    {
        // One more than is ever used: a row that only stands between two others of a batch gets a token too.
        (_graph, Capacity) = (graph, capacity + 1);
        RowLength = checked((long)graph.Heads * Capacity * graph.HeadSize * TensorElements.SizeOf(graph.CacheType));
        _buffers = [.. graph.Names.Past.Select(_ => new NativeBuffer(checked(rows * RowLength)))];
    }

    /// <summary>Tokens that each row has room for, a spare one included.</summary>
    public int Capacity { get; }

    private long RowLength { get; }

    public NativeBuffer this[int tensor] => _buffers[tensor];

    /// <summary>Binds neighbouring rows.</summary>
    public void Bind(OrtIoBinding binding, int row, int count)
    {
        if (!_tensors.TryGetValue((row, count), out OrtValue[]? tensors))
        {
            tensors = [.. _buffers.Select(buffer => buffer.Tensor(_graph.CacheType, [count, _graph.Heads, Capacity, _graph.HeadSize], row * RowLength))];
            _tensors.Add((row, count), tensors);
        }

        for (int i = 0; i < tensors.Length; i++)
        {
            binding.BindInput(_graph.Names.Past[i], tensors[i]);
            binding.BindOutput(_graph.Names.Present[i], tensors[i]);
        }
    }

    public void Dispose()
    {
        foreach (OrtValue tensor in _tensors.Values.SelectMany(tensors => tensors))
        {
            tensor.Dispose();
        }

        foreach (NativeBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }
    }
}

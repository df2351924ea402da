namespace SafeVision.VisionLanguage.Generation;

/// <summary>Keys and values of one sequence's tokens in every layer, in memory that is allocated once. Not
/// thread-safe.</summary>
internal abstract class KeyValueCache(DecoderGraph graph, int capacity) : IDisposable
{
    protected DecoderGraph Graph { get; } = graph;
    public int Capacity { get; } = capacity;

    /// <summary>How many tokens it holds.</summary>
    public int Length { get; protected set; }

    /// <summary>What layers with a memory of fixed size hold; null where all layers attend.</summary>
    protected RecurrentStates? States { get; } = graph.States.Count == 0 ? null : new RecurrentStates(graph.States);

    /// <summary>Bytes of one head's key or value of one token.</summary>
    protected int RowBytes { get; } = graph.HeadSize * TensorElements.SizeOf(graph.CacheType);

    /// <summary>The most tokens, at most so many, that the cache can be cut back to: all of them, but where layers have memories.</summary>
    public int Resumable(int length) => States?.Resumable(length) ?? length;

    /// <summary>Keeps what memories hold now, so that the cache can be cut back to here.</summary>
    /// <param name="isLasting">Whether others are dropped before it: prompts are likely to part here.</param>
    public void Remember(bool isLasting) => States?.Remember(isLasting);

    /// <summary>Forgets all tokens but the first ones. What is left is exactly what it was when they were computed.</summary>
    /// <exception cref="InvalidOperationException">It can't be cut back to there (<see cref="Resumable"/>).</exception>
    public void Rewind(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length < Length)
        {
            States?.Rewind(length);
            Shorten(length);
            Length = length;
        }
    }

    /// <summary>Replaces everything by the first tokens of another cache of the same graph.</summary>
    public void CopyPrefix(KeyValueCache source, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Math.Min(source.Length, Capacity));
        Length = 0;
        States?.CopyFrom(source.States!, length);
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

/// <summary>For graphs that return keys and values with the new tokens appended: two sets of buffers that are past and
/// present in turn, so that the only copy is the one that the graph makes.</summary>
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
        States?.Bind(binding);
        for (int i = 0; i < Graph.Names.Past.Count; i++)
        {
            binding.BindInput(Graph.Names.Past[i], View(_buffers[_current][i], Length));
            binding.BindOutput(Graph.Names.Present[i], View(_buffers[1 - _current][i], Length + newTokens));
        }
    }

    public override void Commit(int newTokens)
    {
        States?.Commit(newTokens);
        Length += newTokens;
        _current = 1 - _current;
    }

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
        States?.Dispose();
        foreach (NativeBuffer buffer in _buffers.SelectMany(set => set))
        {
            buffer.Dispose();
        }
    }
}

/// <summary>One row of the buffers that <see cref="SharedKeyValueBuffers"/> keeps for graphs that append in place:
/// nothing is copied when a token is added, and going back is forgetting.</summary>
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

/// <summary>The key and value tensors, [rows, heads, capacity, headSize], of all sequences of a graph that appends in
/// place. Bound as past and present at once, so that the operator writes new tokens where they belong. Neighbouring
/// rows make a batch.</summary>
internal sealed class SharedKeyValueBuffers : IDisposable
{
    private readonly DecoderGraph _graph;
    private readonly NativeBuffer[] _buffers; // [tensor]
    private readonly Dictionary<(int Row, int Count), OrtValue[]> _tensors = [];
    private (OrtIoBinding? Binding, int Row, int Count) _bound;

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

    /// <summary>Binds neighbouring rows, unless they are what this bound last: they stay the same from token to token.</summary>
    public void Bind(OrtIoBinding binding, int row, int count)
    {
        if (_bound == (binding, row, count))
        {
            return;
        }

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

        _bound = (binding, row, count);
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

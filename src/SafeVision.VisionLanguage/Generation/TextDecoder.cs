using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>Runs a decoder's graph over the pending tokens of one sequence or one new token of several. All its tensors
/// lie in buffers that are bound, not copied. Not thread-safe: the scheduler alone uses it.</summary>
internal sealed class TextDecoder : IDisposable
{
    private const long LargestLogits = 64L << 20; // bytes, where the graph gives logits for every token

    private readonly DecoderGraph _graph;
    private readonly EmbeddingTable _embedder;
    private readonly IPositionScheme _positions;
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _options = new();
    private readonly List<OrtValue> _values = [];
    private readonly Dictionary<string, NativeBuffer> _buffers = [];
    private float[] _converted = [];

    /// <param name="chunk">The most tokens of one run: bounds the memory of a run and the time until it can be cancelled.</param>
    public TextDecoder(DecoderGraph graph, EmbeddingTable embedder, IPositionScheme positions, int chunk)
    {
        (_graph, _embedder, _positions) = (graph, embedder, positions);
        _binding = graph.Session.Session.CreateIoBinding();
        long row = (long)graph.Vocabulary * TensorElements.SizeOf(graph.LogitsType);
        Chunk = graph.Names.KeepLogits is not null ? chunk : (int)Math.Clamp(LargestLogits / row, 1, chunk);
        if (graph.Names.Positions is not null && graph.PositionRows != positions.Rows)
        {
            throw new ModelLoadException($"{graph.Session.ModelName}: '{graph.Names.Positions}' has {graph.PositionRows} rows, but the model's family numbers tokens by {positions.Rows}.");
        }
    }

    /// <summary>The most tokens of one run, but for images that must be seen whole.</summary>
    public int Chunk { get; }

    /// <summary>How many of a sequence's pending tokens the next run takes.</summary>
    /// <param name="keep">How many of the last ones logits are wanted of, which must all come from one run.</param>
    public int Portion(DecoderSlot slot, int keep)
    {
        int past = slot.Cache.Length, pending = slot.Pending, end = past + (pending <= Math.Max(Chunk, keep) ? pending : Math.Min(Chunk, pending - keep));
        if (_graph.SeesWholeImages && slot.Tokens.WithoutPartOfImage(end) is int before && before < end)
        {
            end = before > past ? before : slot.Tokens.ImageBlock(past).End;
        }

        foreach (int edge in _graph.States.Count == 0 ? [] : slot.Tokens.Images.SelectMany(image => (int[])[image.Start, image.End]))
        {
            end = edge > past && edge < end ? edge : end; // a memory can be kept only where a run ends
        }

        return past + pending - end < keep ? pending : end - past;
    }

    /// <summary>Computes the first <paramref name="count"/> pending tokens of a sequence.</summary>
    /// <returns>The logits of the last <paramref name="keep"/> of them, [keep, vocabulary], to be used before the next run; they may be overwritten.</returns>
    /// <exception cref="ModelOutputException">A logit is no finite number.</exception>
    /// <exception cref="OperationCanceledException">The token fired; the sequence is as it was.</exception>
    public Span<float> Run(DecoderSlot slot, int count, int keep, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Math.Min(slot.Pending, slot.Cache.Capacity - slot.Cache.Length));
        int past = slot.Cache.Length;
        NativeBuffer embeddings = Buffer("embeddings", (long)count * _graph.Width * TensorElements.SizeOf(_graph.EmbeddingType));
        _embedder.Embed(slot.Tokens, past, count, slot.Features, embeddings, _graph.EmbeddingType, 0);
        Begin(1, count, past);
        Int64("mask", past + count).Fill(1);
        Input(_graph.Names.Mask, "mask", TensorElementType.Int64, [1, past + count]);
        if (_graph.Names.Positions is not null)
        {
            Span<long> positions = Int64("positions", _positions.Rows * count);
            _positions.Write(slot.Tokens, past, positions);
            BindPositions(positions, 1, count);
        }

        if (_graph.SeesWholeImages)
        {
            WriteVisible(slot.Tokens, past, Int64("visible", count));
            Input(_graph.Names.VisibleUntil!, "visible", TensorElementType.Int64, [1, count]);
        }

        slot.Cache.Bind(_binding, count);
        Span<float> logits = Execute(1, count, keep, cancellationToken);
        slot.Cache.Commit(count);
        if (count > 1)
        {
            slot.Cache.Remember(isLasting: slot.Tokens.Images.Any(image => image.Start == past + count || image.End == past + count));
        }

        return logits;
    }

    /// <summary>Computes one pending token of several sequences in one run; for graphs that append in place.</summary>
    /// <param name="buffers">Where the sequences' caches lie.</param>
    /// <param name="slots">All slots from the first to the last of the batch, row by row; the token of one that has none pending is junk beyond its length.</param>
    /// <returns>[slots, vocabulary].</returns>
    public Span<float> Step(SharedKeyValueBuffers buffers, ReadOnlySpan<DecoderSlot> slots, ReadOnlySpan<bool> isActive)
    {
        int batch = slots.Length, total = 0;
        NativeBuffer embeddings = Buffer("embeddings", (long)batch * _graph.Width * TensorElements.SizeOf(_graph.EmbeddingType));
        for (int row = 0; row < batch; row++)
        {
            total = Math.Max(total, slots[row].Cache.Length + 1);
            if (isActive[row])
            {
                _embedder.Embed(slots[row].Tokens, slots[row].Cache.Length, 1, slots[row].Features, embeddings, _graph.EmbeddingType, row);
            }
        }

        Begin(batch, 1, total - 1);
        Span<long> mask = Int64("mask", batch * total);
        mask.Clear();
        for (int row = 0; row < batch; row++)
        {
            mask.Slice(row * total, slots[row].Cache.Length + 1).Fill(1);
        }

        Input(_graph.Names.Mask, "mask", TensorElementType.Int64, [batch, total]);
        if (_graph.Names.Positions is not null)
        {
            BindStepPositions(slots, isActive);
        }

        if (_graph.SeesWholeImages)
        {
            Span<long> visible = Int64("visible", batch);
            for (int row = 0; row < batch; row++)
            {
                visible[row] = slots[row].Cache.Length;
            }

            Input(_graph.Names.VisibleUntil!, "visible", TensorElementType.Int64, [batch, 1]);
        }

        buffers.Bind(_binding, slots[0].Row, batch);
        Span<float> logits = Execute(batch, 1, 1, CancellationToken.None);
        for (int row = 0; row < batch; row++)
        {
            if (isActive[row])
            {
                slots[row].Cache.Commit(1);
            }
        }

        return logits;
    }

    /// <summary>The last token that each token of a run sees: of an image's those of its block, of others itself.</summary>
    private static void WriteVisible(TokenSequence tokens, int start, Span<long> visible)
    {
        for (int i = 0; i < visible.Length;)
        {
            (int first, int end) = tokens.ImageBlock(start + i);
            if (first < start + i || end > start + visible.Length)
            {
                throw new InvalidOperationException($"The tokens {first} to {end - 1} are one image's and must be computed in one run, not cut at {start} or {start + visible.Length}.");
            }

            visible[i..(end - start)].Fill(end - 1);
            i = end - start;
        }
    }

    private void Begin(int batch, int count, int past)
    {
        _values.ForEach(value => value.Dispose());
        _values.Clear();
        Input(_graph.Names.Embeddings, "embeddings", _graph.EmbeddingType, [batch, count, _graph.Width]);
        if (_graph.Names.UseCacheBranch is not null)
        {
            Buffer("branch", 1).Span<bool>(0, 1)[0] = past > 0;
            Input(_graph.Names.UseCacheBranch, "branch", TensorElementType.Bool, [1]);
        }
    }

    private Span<float> Execute(int batch, int count, int keep, CancellationToken cancellationToken)
    {
        int given = _graph.Names.KeepLogits is null ? count : keep;
        if (_graph.Names.KeepLogits is not null)
        {
            Int64("keep", 1)[0] = keep;
            Input(_graph.Names.KeepLogits, "keep", TensorElementType.Int64, _graph.KeepLogitsShape);
        }

        int vocabulary = _graph.Vocabulary;
        NativeBuffer logits = Buffer("logits", (long)batch * given * vocabulary * TensorElements.SizeOf(_graph.LogitsType));
        OrtValue output = logits.Tensor(_graph.LogitsType, [batch, given, vocabulary]);
        _values.Add(output);
        _binding.BindOutput(_graph.Names.Logits, output);
        ObjectDisposedException.ThrowIf(_graph.Session.IsDisposed, _graph.Session);
        ModelSession.Run(_options, (_graph.Session.Session, _binding), static (options, run) => run.Session.RunWithBinding(options, run._binding), cancellationToken);

        // A batch gets all that was given; of one sequence what is wanted is always the end.
        Span<float> wanted = batch > 1
            ? Floats(logits, 0, checked(batch * given * vocabulary))
            : Floats(logits, (long)(given - keep) * vocabulary, checked(keep * vocabulary));
        return float.IsFinite(TensorPrimitives.MaxMagnitude<float>(wanted))
            ? wanted
            : throw new ModelOutputException($"{_graph.Session.ModelName}: '{_graph.Names.Logits}' holds numbers that are not finite.");
    }

    private Span<float> Floats(NativeBuffer logits, long first, int count)
    {
        if (_graph.LogitsType == TensorElementType.Float)
        {
            return logits.Span<float>(first * sizeof(float), count);
        }

        if (_converted.Length < count)
        {
            _converted = new float[count];
        }

        TensorPrimitives.ConvertToSingle(logits.Span<Half>(first * 2, count), _converted);
        return _converted.AsSpan(0, count);
    }

    private void BindStepPositions(ReadOnlySpan<DecoderSlot> slots, ReadOnlySpan<bool> isActive)
    {
        int rows = _positions.Rows, batch = slots.Length;
        Span<long> positions = Int64("positions", rows * batch);
        Span<long> one = stackalloc long[rows];
        for (int row = 0; row < batch; row++)
        {
            one.Clear();
            if (isActive[row])
            {
                _positions.Write(slots[row].Tokens, slots[row].Cache.Length, one);
            }

            for (int axis = 0; axis < rows; axis++)
            {
                positions[(axis * batch) + row] = one[axis]; // [rows, batch, 1]
            }
        }

        BindPositions(positions, batch, 1);
    }

    /// <summary>Binds [rows, batch, count] positions in the layout that the graph asks for.</summary>
    private void BindPositions(Span<long> positions, int batch, int count)
    {
        int rows = _positions.Rows;
        if (rows == 1)
        {
            Input(_graph.Names.Positions!, "positions", TensorElementType.Int64, [batch, count]);
        }
        else if (!_graph.PositionsLast)
        {
            Input(_graph.Names.Positions!, "positions", TensorElementType.Int64, [rows, batch, count]);
        }
        else
        {
            Span<long> turned = Int64("turned", positions.Length);
            for (int i = 0; i < batch * count; i++)
            {
                for (int axis = 0; axis < rows; axis++)
                {
                    turned[(i * rows) + axis] = positions[(axis * batch * count) + i];
                }
            }

            Input(_graph.Names.Positions!, "turned", TensorElementType.Int64, [batch, count, rows]);
        }
    }

    private void Input(string name, string buffer, TensorElementType type, long[] shape)
    {
        OrtValue value = _buffers[buffer].Tensor(type, shape);
        _values.Add(value);
        _binding.BindInput(name, value);
    }

    private Span<long> Int64(string name, int count) => Buffer(name, (long)count * sizeof(long)).Span<long>(0, count);

    /// <summary>A buffer that has grown to the size asked for and is kept.</summary>
    private NativeBuffer Buffer(string name, long bytes) => NativeBuffer.Grow(ref CollectionsMarshal.GetValueRefOrAddDefault(_buffers, name, out _), bytes);

    public void Dispose()
    {
        _binding.Dispose();
        _values.ForEach(value => value.Dispose());
        foreach (NativeBuffer buffer in _buffers.Values)
        {
            buffer.Dispose();
        }

        _embedder.Dispose();
        _options.Dispose();
    }
}

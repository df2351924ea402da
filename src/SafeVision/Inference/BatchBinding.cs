// Inference: ONNX Runtime. OnnxRuntime is the one door to the native library, ProviderCatalog chooses where models run, SessionCache opens each
// model once (ModelSession, BatchBinding), and OnnxHeaderReader checks a file from a stranger before it is loaded.

namespace SafeVision.Inference;

/// <summary>Pinned input and output buffers of a model that maps a batch of float tensors to float tensors, bound once,
/// so that a run copies and allocates nothing. Items are run one after the other: on a processor more at once are no
/// faster, and each takes some 20 MB of activations. Not thread-safe: one caller at a time holds a binding.</summary>
internal sealed class BatchBinding : IDisposable
{
    private readonly ModelSession _session;
    private readonly Port _input;
    private readonly Port[] _outputs;
    private readonly OrtIoBinding?[] _bindings; // [item]
    private readonly List<OrtValue> _values = [];
    private readonly RunOptions _options = new();

    /// <param name="input">The input's name and the shape of one item.</param>
    /// <param name="outputs">The outputs' names and the shape of one item of each.</param>
    public BatchBinding(ModelSession session, TensorSpec input, IReadOnlyList<TensorSpec> outputs, int capacity)
    {
        _session = session;
        _input = new Port(input, capacity);
        _outputs = [.. outputs.Select(output => new Port(output, capacity))];
        _bindings = new OrtIoBinding?[capacity];
    }

    public int Capacity => _bindings.Length;

    /// <summary>The input of one item of the batch, to be written.</summary>
    public Span<float> Input(int item) => _input.Item(item);

    /// <summary>An output of one item of the batch, valid until the next run.</summary>
    public ReadOnlySpan<float> Output(int output, int item) => _outputs[output].Item(item);

    /// <summary>Runs <paramref name="count"/> items from <paramref name="first"/> on; the outputs of the others stay as they are.</summary>
    public void Run(int first, int count, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_session.IsDisposed, _session);
        for (int item = first; item < first + count; item++)
        {
            OrtIoBinding binding = _bindings[item] ??= Bind(item);
            ModelSession.Run(_options, (_session.Session, binding), static (options, run) => run.Session.RunWithBinding(options, run.binding), cancellationToken);
        }
    }

    private OrtIoBinding Bind(int item)
    {
        OrtIoBinding binding = _session.Session.CreateIoBinding();
        binding.BindInput(_input.Spec.Name, Value(_input, item));
        foreach (Port output in _outputs)
        {
            binding.BindOutput(output.Spec.Name, Value(output, item));
        }

        return binding;
    }

    private OrtValue Value(Port port, int item)
    {
        OrtValue value = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, port.Buffer.AsMemory(item * port.Length, port.Length), [1, .. port.Spec.ItemShape]);
        _values.Add(value);
        return value;
    }

    public void Dispose()
    {
        foreach (OrtIoBinding? binding in _bindings)
        {
            binding?.Dispose();
        }

        _values.ForEach(value => value.Dispose());
        _options.Dispose();
    }

    private sealed class Port(TensorSpec spec, int capacity)
    {
        public TensorSpec Spec { get; } = spec;

        public int Length { get; } = checked((int)spec.ItemShape.Aggregate(1L, (product, size) => product * size));

        public float[] Buffer { get; } = GC.AllocateArray<float>(
            checked((int)(capacity * spec.ItemShape.Aggregate(1L, (product, size) => product * size))), pinned: true);

        public Span<float> Item(int item) => Buffer.AsSpan(item * Length, Length);
    }
}

/// <summary>A tensor's name and the shape of one item of its batch.</summary>
internal sealed record TensorSpec(string Name, long[] ItemShape);

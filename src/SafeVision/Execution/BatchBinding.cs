using Microsoft.ML.OnnxRuntime;

namespace SafeVision.Execution;

/// <summary>
/// Pinned input and output buffers of a model that maps a batch of float tensors to float tensors, bound once, so that a
/// run copies and allocates nothing. Not thread-safe: one caller at a time holds a binding.
/// </summary>
internal sealed class BatchBinding : IDisposable
{
    private readonly ModelSession session;
    private readonly Port input;
    private readonly Port[] outputs;
    private readonly OrtIoBinding?[] bindings; // [batch - 1]
    private readonly List<OrtValue> values = [];

    /// <param name="session">The model.</param>
    /// <param name="input">The input's name and the shape of one item.</param>
    /// <param name="outputs">The outputs' names and the shape of one item of each.</param>
    /// <param name="capacity">The largest batch.</param>
    public BatchBinding(ModelSession session, TensorSpec input, IReadOnlyList<TensorSpec> outputs, int capacity)
    {
        this.session = session;
        this.input = new Port(input, capacity);
        this.outputs = [.. outputs.Select(output => new Port(output, capacity))];
        bindings = new OrtIoBinding?[capacity];
    }

    public int Capacity => bindings.Length;

    /// <summary>The input of one item of the batch, to be written.</summary>
    public Span<float> Input(int item) => input.Item(item);

    /// <summary>An output of one item of the batch, valid until the next run.</summary>
    public ReadOnlySpan<float> Output(int output, int item) => outputs[output].Item(item);

    /// <summary>Runs the first <paramref name="batch"/> items.</summary>
    public void Run(int batch, CancellationToken cancellationToken)
    {
        OrtIoBinding binding = bindings[batch - 1] ??= Bind(batch);
        ModelSession.Run(options => session.Session.RunWithBinding(options, binding), cancellationToken);
    }

    private OrtIoBinding Bind(int batch)
    {
        OrtIoBinding binding = session.Session.CreateIoBinding();
        binding.BindInput(input.Spec.Name, Value(input, batch));
        foreach (Port output in outputs)
        {
            binding.BindOutput(output.Spec.Name, Value(output, batch));
        }

        return binding;
    }

    private OrtValue Value(Port port, int batch)
    {
        OrtValue value = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, port.Buffer.AsMemory(0, batch * port.Length), [batch, .. port.Spec.ItemShape]);
        values.Add(value);
        return value;
    }

    public void Dispose()
    {
        foreach (OrtIoBinding? binding in bindings)
        {
            binding?.Dispose();
        }

        values.ForEach(value => value.Dispose());
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

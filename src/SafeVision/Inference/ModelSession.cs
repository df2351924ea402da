namespace SafeVision.Inference;

/// <summary>One loaded model on one provider. Thread-safe: any number of threads may run it at once.</summary>
public sealed class ModelSession : IDisposable
{
    internal ModelSession(InferenceSession session, ProviderSelection provider, string modelName)
    {
        (Session, Provider, ModelName) = (session, provider, modelName);
    }

    /// <summary>The model's name, for errors and provenance.</summary>
    public string ModelName { get; }

    /// <summary>The provider it runs on, and why not on a better one.</summary>
    public ProviderSelection Provider { get; }

    /// <summary>The native session, which belongs to this; runs of it go through <see cref="Run"/>.</summary>
    public InferenceSession Session { get; }

    /// <summary>Outputs that depend on no input, by name, computed once for all who use the session.</summary>
    internal ConcurrentDictionary<string, float[]> Constants { get; } = new();

    /// <summary>Checks that the graph has the tensors that its manifest promises.</summary>
    /// <exception cref="ModelLoadException">One is missing; the message lists those that exist.</exception>
    internal void Require(IEnumerable<string> inputs, IEnumerable<string> outputs)
    {
        foreach ((string kind, IEnumerable<string> wanted, IReadOnlyList<string> present) in
            new[] { ("input", inputs, Session.InputNames), ("output", outputs, Session.OutputNames) })
        {
            if (wanted.FirstOrDefault(name => !present.Contains(name)) is { } missing)
            {
                throw new ModelLoadException(
                    $"{ModelName}: the manifest names the {kind} '{missing}', but the graph has only {string.Join(", ", present)}.");
            }
        }
    }

    /// <summary>The sizes of an output's dimensions; -1 where the graph leaves one open.</summary>
    internal int[] OutputShape(string name) => FloatShape(name, Session.OutputMetadata[name]);

    /// <summary>The sizes of an input's dimensions; -1 where the graph leaves one open.</summary>
    internal int[] InputShape(string name) => FloatShape(name, Session.InputMetadata[name]);

    private int[] FloatShape(string name, NodeMetadata tensor) => tensor.IsTensor && tensor.ElementType == typeof(float)
        ? tensor.Dimensions
        : throw new ModelLoadException($"{ModelName}: '{name}' must be a tensor of 32-bit floats, but is {tensor.OnnxValueType} of {tensor.ElementDataType}.");

    /// <summary>Runs so that the run ends when <paramref name="cancellationToken"/> fires.</summary>
    /// <typeparam name="TState">What <paramref name="run"/> needs.</typeparam>
    /// <param name="options">The run's options; one run at a time may use them.</param>
    /// <param name="state">Handed to <paramref name="run"/>.</param>
    /// <param name="run">Runs a session with the options.</param>
    /// <param name="cancellationToken">Ends the run between two operators.</param>
    /// <exception cref="OperationCanceledException">The run was ended.</exception>
    public static void Run<TState>(RunOptions options, TState state, Action<RunOptions, TState> run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(run);
        cancellationToken.ThrowIfCancellationRequested();
        options.Terminate = false; // a token may have fired just after an earlier run
        using (cancellationToken.UnsafeRegister(static state => ((RunOptions)state!).Terminate = true, options))
        {
            try
            {
                run(options, state);
            }
            catch (OnnxRuntimeException) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellationToken);
            }
        }
    }

    /// <summary>Whether the native session is gone; running it then would crash the process.</summary>
    public bool IsDisposed { get; private set; }

    /// <inheritdoc />
    public void Dispose()
    {
        IsDisposed = true;
        Session.Dispose();
    }
}

using Microsoft.ML.OnnxRuntime;

namespace SafeVision.Execution;

/// <summary>One loaded model on one provider. Thread-safe: any number of threads may run it at once.</summary>
public sealed class ModelSession : IDisposable
{
    internal ModelSession(InferenceSession session, ProviderSelection provider, string modelName)
    {
        Session = session;
        Provider = provider;
        ModelName = modelName;
    }

    /// <summary>The model's name, for errors and provenance.</summary>
    public string ModelName { get; }

    /// <summary>The provider it runs on, and why not on a better one.</summary>
    public ProviderSelection Provider { get; }

    internal InferenceSession Session { get; }

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

    /// <summary>The sizes of a tensor's dimensions; -1 where the graph leaves one open.</summary>
    internal int[] OutputShape(string name) => Session.OutputMetadata[name].Dimensions;

    /// <summary>Runs with options that end the run when <paramref name="cancellationToken"/> fires.</summary>
    internal static void Run(Action<RunOptions> run, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var options = new RunOptions();
        using (cancellationToken.UnsafeRegister(static state => ((RunOptions)state!).Terminate = true, options))
        {
            try
            {
                run(options);
            }
            catch (OnnxRuntimeException) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellationToken);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => Session.Dispose();
}

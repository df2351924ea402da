namespace SafeVision.Inference;

/// <summary>How models are run: on which providers, on how many threads, and how far a provider is trusted.</summary>
public sealed class ExecutionOptions
{
    /// <summary>The providers to try, best first. Default: the processor alone.</summary>
    public IReadOnlyList<ExecutionProvider> Providers { get; set; } = [ExecutionProvider.Cpu];

    /// <summary>Whether the first of <see cref="Providers"/> must be used. When it can't be, loading a model throws
    /// <see cref="ExecutionProviderException"/> instead of falling back to the next. Default: false.</summary>
    public bool Required { get; set; }

    /// <summary>Threads that one run of a model may use, 1 to 1024; null (the default) means one for each processor
    /// core.</summary>
    public int? Threads { get; set; }

    /// <summary>The largest difference, relative to the largest absolute value, that a provider's outputs may have from
    /// the processor's on the model's golden inputs, 0 to 1. A provider that differs more is refused. Default: 0.02,
    /// which half precision stays well within.</summary>
    public double SelfCheckTolerance { get; set; } = 0.02;

    internal ExecutionOptions Validate()
    {
        if (Providers is null || Providers.Count == 0)
        {
            throw new ArgumentException("At least one execution provider must be named; ExecutionProvider.Cpu always exists.");
        }

        if (Threads is < 1 or > 1024)
        {
            throw new ArgumentException($"Threads must be 1 to 1024 or null, but is {Threads}.");
        }

        if (!(SelfCheckTolerance is >= 0 and <= 1))
        {
            throw new ArgumentException($"SelfCheckTolerance must be 0 to 1, but is {SelfCheckTolerance}.");
        }

        var copy = (ExecutionOptions)MemberwiseClone();
        copy.Providers = [.. Providers.Distinct()];
        return copy;
    }
}

/// <summary>A required execution provider, or ONNX Runtime itself, is not usable here. The message says what to install.</summary>
public sealed class ExecutionProviderException(string message, Exception? innerException = null) : Exception(message, innerException);

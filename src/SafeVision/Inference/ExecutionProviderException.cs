namespace SafeVision.Inference;

/// <summary>A required execution provider, or ONNX Runtime itself, is not usable here. The message says what to install.</summary>
public sealed class ExecutionProviderException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ExecutionProviderException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

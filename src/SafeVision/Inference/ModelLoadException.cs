namespace SafeVision.Inference;

/// <summary>A model's files are missing, altered, or not what this runtime can run. The message says which file and why.</summary>
public sealed class ModelLoadException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ModelLoadException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

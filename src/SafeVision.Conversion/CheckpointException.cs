namespace SafeVision.Conversion;

/// <summary>A checkpoint can't be read or converted: damaged, of an unknown kind, or not what its configuration says. The message
/// names the file and the tensor or node, and what would mend it.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Creates the exception.</summary>
    public CheckpointException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

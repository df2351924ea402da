namespace SafeVision.Evaluation.Runs;

/// <summary>A run's folder cannot be used; the message says what is wrong and how to mend it.</summary>
public sealed class RunException : Exception
{
    /// <summary>Creates the exception.</summary>
    public RunException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public RunException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

namespace SafeVision.Evaluation.Cases;

/// <summary>Cases could not be read; the message lists everything that is wrong, with file, line and column.</summary>
public sealed class CaseFileException : Exception
{
    /// <summary>Creates the exception.</summary>
    public CaseFileException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public CaseFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

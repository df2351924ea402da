namespace SafeVision.Evaluation.Calibration;

/// <summary>Thresholds cannot be tuned on these data; the message says what is wrong and how to mend it.</summary>
public sealed class TuningException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TuningException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public TuningException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

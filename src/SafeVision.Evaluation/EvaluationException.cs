namespace SafeVision.Evaluation;

/// <summary>A file of cases, an icon set, a run's folder or the data to tune thresholds on can't be used; the message says which,
/// where, what is wrong and how to mend it.</summary>
public sealed class EvaluationException : Exception
{
    /// <summary>Creates the exception.</summary>
    public EvaluationException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

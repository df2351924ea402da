namespace SafeVision.Inference;

/// <summary>A model gave numbers that are none, such as NaN; nothing may be concluded from them.</summary>
public sealed class ModelOutputException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ModelOutputException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

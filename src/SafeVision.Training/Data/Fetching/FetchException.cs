namespace SafeVision.Training.Data.Fetching;

/// <summary>An image was not fetched; the message says why.</summary>
public sealed class FetchException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="isFinal">Whether another try would end the same.</param>
    /// <param name="innerException">The cause; null: none.</param>
    public FetchException(string message, bool isFinal, Exception? innerException = null)
        : base(message, innerException) => IsFinal = isFinal;

    /// <summary>Whether another try would end the same: the address is not public, its owner does not want it, or it is no image.</summary>
    public bool IsFinal { get; }
}

namespace SafeVision.Evaluation.Symbols;

/// <summary>An icon set or a drawing in it cannot be used; the message says which, what is wrong, and how to mend it.</summary>
public sealed class SymbolException : Exception
{
    /// <summary>Creates the exception.</summary>
    public SymbolException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public SymbolException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

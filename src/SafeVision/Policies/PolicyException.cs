namespace SafeVision.Policies;

/// <summary>
/// A policy that was not accepted. It lists everything that is wrong with it, not only the first thing, because a
/// policy is mended by a person with an editor.
/// </summary>
public sealed class PolicyException : Exception
{
    /// <summary>Creates the exception for at least one error.</summary>
    /// <param name="errors">What is wrong, in the order of the text.</param>
    /// <exception cref="ArgumentException"><paramref name="errors"/> is empty.</exception>
    public PolicyException(IReadOnlyList<PolicyError> errors)
        : base(Describe(errors))
    {
        Errors = new ValueList<PolicyError>(errors);
        Source = errors[0].Source;
    }

    /// <summary>Everything that is wrong, in the order of the text; never empty. At most 100 are listed.</summary>
    public IReadOnlyList<PolicyError> Errors { get; }

    /// <summary>The line of the first error, from 1; 0 where there is no text.</summary>
    public int Line => Errors[0].Line;

    /// <summary>The column of the first error, from 1; 0 where there is no text.</summary>
    public int Column => Errors[0].Column;

    private static string Describe(IReadOnlyList<PolicyError> errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        ArgumentOutOfRangeException.ThrowIfZero(errors.Count, nameof(errors));
        return string.Join('\n', errors);
    }
}

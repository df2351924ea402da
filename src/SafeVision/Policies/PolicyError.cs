namespace SafeVision.Policies;

/// <summary>One thing that is wrong with a policy, and where.</summary>
/// <param name="Source">The file as it was named by the caller; for a policy made in code, the policy's name.</param>
/// <param name="Line">The line, from 1; 0 where there is no text, as for a policy made in code.</param>
/// <param name="Column">The column in UTF-16 units, from 1; 0 where <paramref name="Line"/> is 0.</param>
/// <param name="Message">What is wrong and what would be right, in one line without the place.</param>
public sealed record PolicyError(string Source, int Line, int Column, string Message)
{
    /// <summary>The form that editors and terminals turn into a link: <c>policy.yaml:7:5: unknown key …</c>.</summary>
    public override string ToString() => Line == 0 ? $"{Source}: {Message}" : $"{Source}:{Line}:{Column}: {Message}";
}

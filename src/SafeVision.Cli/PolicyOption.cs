using SafeVision.Policies;

namespace SafeVision.Cli;

/// <summary>The policy that a command line names.</summary>
internal static class PolicyOption
{
    /// <summary>The policy in the file, or the starter policy where none is named.</summary>
    /// <exception cref="PolicyException">It is invalid or can't be read.</exception>
    public static SafetyPolicy Read(string? path) => path is null ? SafetyPolicy.Starter : SafetyPolicy.FromFile(path);
}

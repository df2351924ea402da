using SafeVision.Files;
using SafeVision.Policies;

namespace SafeVision.Cli;

/// <summary>The policy that a command line names.</summary>
internal static class PolicyOption
{
    /// <summary>The policy in the file, or the starter policy where none is named.</summary>
    /// <exception cref="PolicyException">It is invalid.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static SafetyPolicy Read(string? path)
    {
        if (path is null)
        {
            return SafetyPolicy.Starter;
        }

        try
        {
            return Directory.Exists(path) ? throw new IOException("it is a folder.") : SafetyPolicy.FromFile(path);
        }
        catch (FileRefusedException exception) when (exception.Reason == FileRefusalReason.Missing)
        {
            throw new FileNotFoundException($"{path}: there is no such policy file. 'safevision policy new {path}' writes one to start from.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException($"{path}: the policy can't be read: {exception.Message}", exception);
        }
    }
}

using SafeVision.Conversion;
using SafeVision.Execution;
using SafeVision.Policies;

namespace SafeVision.Cli;

/// <summary>Turns what went wrong into one message on standard error and exit code 1; a stack trace helps nobody here.</summary>
internal static class CommandErrors
{
    /// <summary>The exit code of an error; 0, 2 and 3 are decisions.</summary>
    public const int Error = 1;

    public static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception exception) when (exception is PolicyException or ModelLoadException or ExecutionProviderException
            or CheckpointException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return Error;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("Cancelled.");
            return Error;
        }
    }
}

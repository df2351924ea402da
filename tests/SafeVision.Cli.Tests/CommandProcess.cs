using System.Diagnostics;

namespace SafeVision.Cli.Tests;

/// <summary>The command as a process of its own, where streams, signals and exit codes are the system's.</summary>
internal static class CommandProcess
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public static Process Start(params string[] arguments) => Start(new Dictionary<string, string>(), arguments);

    /// <summary>The same with other variables of the environment.</summary>
    public static Process Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", [Path.Combine(AppContext.BaseDirectory, "SafeVision.Cli.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Waits for the end; a process that does not come to it is killed, and the test fails.</summary>
    public static async Task<int> EndAsync(Process process)
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The command did not end within {s_patience.TotalSeconds} s.");
        }
    }
}

using System.Diagnostics;

namespace SafeVision.Cli.Tests;

/// <summary>The command as a process of its own, where streams, signals and exit codes are the system's.</summary>
internal static class CommandProcess
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>Whether Ctrl+C is ignored here, and so would be in children: shells start what runs behind <c>&amp;</c> like this.</summary>
    private static bool IgnoresInterrupts { get; } = OperatingSystem.IsLinux() &&
        File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } ignored &&
        (Convert.ToUInt64(ignored["SigIgn:".Length..].Trim(), 16) & 2) != 0;

    public static Process Start(params string[] arguments) => Start(new Dictionary<string, string>(), arguments);

    /// <summary>The same with other variables of the environment.</summary>
    public static Process Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        string dotnet = Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
        string[] command = [.. IgnoresInterrupts ? ["env", "--default-signal=INT", dotnet] : new[] { dotnet }, Path.Combine(AppContext.BaseDirectory, "SafeVision.Cli.dll"), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
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

using System.Diagnostics;

namespace SafeVision.Cli.Tests.Converting;

/// <summary>A conversion in a terminal, where progress shows.</summary>
public sealed class ConvertProcessTests
{
    private const string Script = "/usr/bin/script"; // runs a command in a terminal of its own

    [Fact]
    public async Task A_terminal_sees_bytes_layers_and_the_time_left()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists(Script), "script of util-linux makes the terminal.");
        using var folder = new TemporaryFolder();
        string source = CheckpointFolder.Copy(folder, "internvl-qwen2-hf"), command = Path.Combine(AppContext.BaseDirectory, "SafeVision.Cli.dll");
        var start = new ProcessStartInfo(Script, ["-qec", $"dotnet '{command}' convert '{source}' '{folder.At("model")}' --precision int4", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["TERM"] = "xterm";
        start.Environment["COLUMNS"] = "120";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, await CommandProcess.EndAsync(process));
        string seen = await output;
        Assert.All(["Reading", "Writing", "Verifying", "Measuring", "100%", "KiB", "/5 layers", "00:00:0"], part => Assert.Contains(part, seen, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Ctrl_C_ends_a_conversion_without_a_trace()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "kill sends the signal.");
        using var folder = new TemporaryFolder();
        string source = CheckpointFolder.Copy(folder, "internvl-internlm2-orig");
        using var begun = new SemaphoreSlim(0);
        using var watcher = new FileSystemWatcher(folder.Path) { IncludeSubdirectories = true };
        watcher.Created += (_, created) =>
        {
            if (created.FullPath.EndsWith(".partial", StringComparison.Ordinal))
            {
                begun.Release();
            }
        };
        watcher.EnableRaisingEvents = true;
        using Process process = CommandProcess.Start("convert", source, folder.At("model"), "--precision", "int4");
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.True(await begun.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(1, await CommandProcess.EndAsync(process));
        Assert.StartsWith("Cancelled", await error, StringComparison.Ordinal);
        Assert.Equal([source], Directory.EnumerateFileSystemEntries(folder.Path));
    }
}

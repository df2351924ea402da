using System.Diagnostics;
using System.Text.Json;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests;

/// <summary>The command as a process: streams that close, input that is piped, a signal.</summary>
public sealed class ProcessTests
{
    private static readonly string s_coffee = Repository.PathOf("samples/images/coffee.png");

    [Fact]
    public async Task An_image_is_read_from_standard_input()
    {
        using Process process = CommandProcess.Start("check", "-", "--format", "json", "--policy", Repository.PathOf("samples/policies/no-cats.yaml"));
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        await using (FileStream photo = File.OpenRead(Repository.PathOf("samples/images/chelsea.png")))
        {
            await photo.CopyToAsync(process.StandardInput.BaseStream);
        }

        process.StandardInput.Close();

        Assert.Equal(3, await CommandProcess.EndAsync(process));
        Assert.Equal("-", JsonElement.Parse(await output)[0].GetProperty("path").GetString());
    }

    [Theory]
    [InlineData("exec dotnet \"$0\" check \"$1\" > /dev/full")]
    [InlineData("exec dotnet \"$0\" check \"$1\" --output /dev/full")]
    public async Task A_full_disk_under_the_results_is_an_error_that_says_so(string command)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full is Linux's.");
        var start = new ProcessStartInfo("bash", ["-c", command, Path.Combine(AppContext.BaseDirectory, "SafeVision.Cli.dll"), s_coffee]) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();

        Assert.Equal(1, await CommandProcess.EndAsync(process));
        Assert.Contains("No space left on device", await error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_ends_quietly_when_nobody_reads_the_results()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There a closed pipe can't be told from an open one.");
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 2000; i++)
        {
            folder.Write($"{i}.png", "x");
        }

        using Process process = CommandProcess.Start("check", folder.Path, "--format", "ndjson");
        Task<string> error = process.StandardError.ReadToEndAsync();
        Assert.NotNull(await process.StandardOutput.ReadLineAsync());
        process.StandardOutput.Close();

        Assert.Equal(1, await CommandProcess.EndAsync(process));
        Assert.Empty(await error);
    }

    [Fact]
    public async Task A_signal_ends_the_work_with_an_array_that_is_closed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "kill sends the signal.");
        using Process process = CommandProcess.Start(["check", .. Enumerable.Repeat(s_coffee, 5000), "--format", "json"]);
        Task<string> error = process.StandardError.ReadToEndAsync();
        Assert.Equal("[", await process.StandardOutput.ReadLineAsync());
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        Assert.Equal(1, await CommandProcess.EndAsync(process));
        Assert.InRange(JsonElement.Parse("[" + await output).GetArrayLength(), 0, 4999);
        Assert.StartsWith("Cancelled", await error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_check_prints_a_readable_part()
    {
        using var cancellation = new CancellationTokenSource();
        await cancellation.CancelAsync();

        CommandRun run = await CommandRun.OfAsync(["check", s_coffee, "--format", "json"], cancellation.Token);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("Cancelled", run.Error, StringComparison.Ordinal);
    }
}

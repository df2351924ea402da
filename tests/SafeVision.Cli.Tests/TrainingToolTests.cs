using System.Diagnostics;

namespace SafeVision.Cli.Tests;

/// <summary>Commands that another tool does.</summary>
public sealed class TrainingToolTests
{
    [Theory]
    [InlineData("train --model m --data d --policy p.yaml --lora --output o")]
    [InlineData("data collect images --output collected")]
    public async Task Where_the_tool_is_not_installed_the_command_says_how_to_install_it(string arguments)
    {
        (int exitCode, string output, string error) = await RunAsync("", arguments.Split(' '));

        Assert.Equal(1, exitCode);
        Assert.Empty(output);
        Assert.Contains("dotnet tool install -g SafeVision.Training.Cli --prerelease", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_it_is_installed_it_gets_every_argument_as_it_stands_and_its_exit_code_is_the_commands()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "The tool of this test is a shell script.");
        using TemporaryFolder folder = new();
        string tool = Path.Combine(folder.Path, "safevision-train");
        await File.WriteAllTextAsync(tool, "#!/bin/sh\nprintf '%s|' \"$@\"\necho to the error >&2\nexit 7\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        (int exitCode, string output, string error) = await RunAsync(folder.Path, "train", "--model", "a folder", "--data", "*", "@file", "--help");

        Assert.Equal(7, exitCode);
        Assert.Equal("train|--model|a folder|--data|*|@file|--help|", output);
        Assert.Equal("to the error", error.Trim());
    }

    [Fact]
    public async Task Checking_a_dataset_stays_with_this_tool()
    {
        CommandRun run = await CommandRun.OfAsync("data", "check", "no-such-dataset");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("no-such-dataset", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("tool install", run.Error, StringComparison.Ordinal);
    }

    /// <summary>The command as a process, with nothing of ours on the path but <paramref name="folder"/>.</summary>
    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string folder, params string[] arguments)
    {
        using Process process = CommandProcess.Start(new Dictionary<string, string> { ["PATH"] = folder }, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        return (await CommandProcess.EndAsync(process), await output, await error);
    }
}

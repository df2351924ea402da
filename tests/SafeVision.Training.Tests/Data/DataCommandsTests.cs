using System.Diagnostics;
using SafeVision.Evaluation.Symbols;
using SafeVision.Tests;
using SafeVision.Training.Cli;
using SafeVision.Training.Data;

namespace SafeVision.Training.Tests.Data;

/// <summary>The stages as commands, in a process of their own where that matters.</summary>
public class DataCommandsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stage_whose_process_is_killed_goes_on_without_loss_or_repeat()
    {
        using TemporaryFolder folder = new();
        string killed = Path.Combine(folder.Path, "killed"), whole = Path.Combine(folder.Path, "whole"), records = Path.Combine("collect", "records.jsonl");
        for (int i = 1; i <= 2; i++)
        {
            using Process process = Process.Start(new ProcessStartInfo("dotnet", [typeof(DataCommands).Assembly.Location, .. Collect(killed)]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            while (!process.HasExited && Lines(Path.Combine(killed, records)) < 6 * i)
            {
                await Task.Delay(5, Stop);
            }

            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(Stop);
            int lines = Lines(Path.Combine(killed, records));
            Assert.True(lines is >= 6 and < 80, $"{lines} lines, {await process.StandardError.ReadToEndAsync(Stop)}");
        }

        foreach (string project in (string[])[killed, whole])
        {
            (int code, string output, string error) = await RunAsync(Collect(project));
            Assert.True(code == 0, error);
            Assert.Contains(" kept, ", output, StringComparison.Ordinal);
        }

        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(whole, records), Stop), await File.ReadAllTextAsync(Path.Combine(killed, records), Stop));

        static string[] Collect(string project) => ["data", "collect", project, "--name", "scenes", "--symbols", "40", "--parallel", "1"];

        static int Lines(string path)
        {
            if (!File.Exists(path))
            {
                return 0;
            }

            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            return reader.ReadToEnd().Count(letter => letter == '\n');
        }
    }

    [Fact]
    public async Task The_commands_of_the_documentation_make_a_dataset_and_a_page()
    {
        using TemporaryFolder folder = new();
        string project = Path.Combine(folder.Path, "project"), policy = Path.Combine(folder.Path, "policy.yaml"), page = Path.Combine(folder.Path, "page.html");
        await File.WriteAllTextAsync(policy, SymbolBenchmark.Nine.ToYaml(), Stop);
        foreach (string[] command in (string[][])
        [
            ["collect", project, "--name", "scenes", "--symbols", "4"],
            ["generate", project, "--policy", policy],
            ["split", project],
            ["export", project],
            ["report", project, "--out", page, "--examples", "2"],
        ])
        {
            (int code, _, string error) = await RunAsync(["data", .. command]);
            Assert.True(code == 0, $"{command[0]}: {error}");
        }

        Assert.True((await TrainingDataset.OpenAsync(Path.Combine(project, DataProject.DatasetFolder), Stop)).Counts.Values.Sum() > 50);
        Assert.Contains("data:image/jpeg", await File.ReadAllTextAsync(page, Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_is_shown_and_written_only_when_it_is_approved()
    {
        using TemporaryFolder folder = new();
        string text = Path.Combine(folder.Path, "rules.md"), policy = Path.Combine(folder.Path, "policy.yaml");
        await File.WriteAllTextAsync(text, "# Weapons\n- firearms\n", Stop);

        (int shown, string difference, _) = await RunAsync(["data", "policy", text, "--out", policy]);
        bool isWritten = File.Exists(policy);
        (int approved, _, _) = await RunAsync(["data", "policy", text, "--out", policy, "--yes"]);

        Assert.Equal((0, false, 0), (shown, isWritten, approved));
        Assert.Contains("firearms", difference, StringComparison.Ordinal);
        Assert.Equal("firearms", Policies.SafetyPolicy.FromFile(policy).Categories[0].Includes[0]);
    }

    [Theory]
    [InlineData("collect", "P", "--name", "x")]
    [InlineData("generate", "P", "--policy", "none.yaml")]
    [InlineData("split", "P", "--train", "0.5")]
    [InlineData("export", "P")]
    [InlineData("vote", "P", "--policy", "none.yaml", "--chat", "ftp://x", "--chat-model", "m")]
    public async Task A_command_that_cannot_be_done_says_why_and_ends_with_1(params string[] arguments)
    {
        using TemporaryFolder folder = new();

        (int code, _, string error) = await RunAsync(["data", .. arguments.Select(argument => argument == "P" ? Path.Combine(folder.Path, "p") : argument)]);

        Assert.Equal(1, code);
        Assert.DoesNotContain("Unexpected", error, StringComparison.Ordinal);
        Assert.NotEqual("", error);
    }

    [Fact]
    public async Task A_command_before_any_image_leaves_nothing_that_collecting_would_refuse()
    {
        using TemporaryFolder folder = new();
        string project = Path.Combine(folder.Path, "p");

        Assert.Equal(1, (await RunAsync(["data", "split", project])).Code);
        Assert.Equal(0, (await RunAsync(["data", "collect", project, "--name", "x", "--symbols", "2"])).Code);
    }

    [Fact]
    public async Task Collecting_says_what_of_a_dataset_is_left_out()
    {
        using TemporaryFolder folder = new();
        File.Copy(Repository.PathOf("samples/images/coffee.png"), Path.Combine(folder.Path, "flat.png"));

        Assert.Contains("in no category's folder", (await RunAsync(["data", "collect", Path.Combine(folder.Path, "p"), "--name", "x", "--dataset", folder.Path])).Error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int code = await TrainingCommandLine.RunAsync(arguments, output, error, Stop);
        return (code, output.ToString(), error.ToString());
    }
}

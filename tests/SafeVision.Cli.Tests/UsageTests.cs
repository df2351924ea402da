namespace SafeVision.Cli.Tests;

/// <summary>What someone reads who typed a command line wrongly, or asks for help.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("check x.png --fromat json", "'--fromat' is no option of 'safevision check'. Did you mean '--format'?", "safevision check")]
    [InlineData("check --zzzzzz x.png", "'--zzzzzz' is no option of 'safevision check'.", "safevision check")]
    [InlineData("chekc x.png", "'chekc' is no command of 'safevision'. Did you mean 'check'?", "safevision")]
    [InlineData("policy vaildate x.yaml", "'vaildate' is no command of 'safevision policy'. Did you mean 'validate'?", "safevision policy")]
    [InlineData("policy new --al x.yaml", "'--al' is no option of 'safevision policy new'. Did you mean '--all'?", "safevision policy new")]
    [InlineData("tune", "Option '--data' is required.", "safevision tune")]
    [InlineData("check x.png --timeout -5", "--timeout must be a whole number from 1 to 86400, but is '-5'.", "safevision check")]
    [InlineData("check x.png --jobs 0", "--jobs must be a whole number from 1 to 1024, but is '0'.", "safevision check")]
    [InlineData("check x.png --jobs 99999999999", "--jobs must be a whole number from 1 to 1024, but is '99999999999'.", "safevision check")]
    [InlineData("check x.png --format xml", "Argument 'xml' not recognized. Must be one of: 'table' 'json' 'ndjson' 'csv'", "safevision check")]
    [InlineData("doctor --provider -x", "Argument '-x' not recognized. Must be one of: 'cpu' 'cuda' 'directml' 'auto'", "safevision doctor")]
    public async Task A_mistake_is_one_line_and_a_hint(string arguments, string mistake, string command)
    {
        CommandRun run = await CommandRun.OfAsync(arguments.Split(' '));

        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Equal($"{mistake}\n'{command} --help' says what there is.", run.Error.Trim().ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task After_two_dashes_every_word_is_a_file()
    {
        CommandRun run = await CommandRun.OfAsync("check", "--", "--fromat");

        Assert.Equal("--fromat: no such file or folder.", run.Error.Trim());
    }

    [Theory]
    [InlineData("")]
    [InlineData("policy")]
    [InlineData("data build")]
    public async Task A_command_that_has_commands_lists_them_when_none_is_named(string arguments)
    {
        CommandRun run = await CommandRun.OfAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Commands:", run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_of_every_command_says_its_exit_codes_and_names_values_as_they_are_printed()
    {
        var helps = new List<string>();
        await CollectAsync([]);
        Assert.True(helps.Count > 12, $"Only {helps.Count} commands were found.");
        Assert.All(helps, help => Assert.Contains("Exit code", string.Join(' ', help.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal));

        // Words of enumerations, as results have them: "notAssessed", never "NotAssessed".
        Assert.All(helps, help => Assert.DoesNotMatch("<[A-Z][A-Za-z]+([|][A-Z][A-Za-z]+)+>", help));

        async Task CollectAsync(string[] path)
        {
            CommandRun run = await CommandRun.OfAsync([.. path, "--help"]);
            Assert.Equal(0, run.ExitCode);
            string[] lines = run.Output.Split('\n');
            int commands = Array.FindIndex(lines, line => line.StartsWith("Commands:", StringComparison.Ordinal));
            if (commands < 0)
            {
                helps.Add(run.Output);
                return;
            }

            foreach (string line in lines[(commands + 1)..].Where(line => line.StartsWith("  ", StringComparison.Ordinal) && line.Length > 2 && line[2] != ' '))
            {
                await CollectAsync([.. path, line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]]);
            }
        }
    }
}

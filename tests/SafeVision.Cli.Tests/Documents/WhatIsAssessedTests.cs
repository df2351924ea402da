using SafeVision.Tests;

namespace SafeVision.Cli.Tests.Documents;

public sealed class WhatIsAssessedTests
{
    private const string Begin = "<!-- coverage:begin -->\n";
    private const string End = "<!-- coverage:end -->";

    [Fact]
    public async Task The_page_says_what_the_models_compute()
    {
        string page = Repository.Read("docs/what-is-assessed.md");

        CommandRun run = await CommandRun.OfAsync("models", "--coverage");

        Assert.Equal(0, run.ExitCode);
        string shown = page[(page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length)..page.IndexOf(End, StringComparison.Ordinal)];
        Assert.True(shown == run.Output, $"Put the output of 'safevision models --coverage' between the marks of docs/what-is-assessed.md:\n{run.Output}");
    }

    [Fact]
    public void The_readme_sums_the_page_up()
    {
        string[] headings = [.. Repository.Read("docs/what-is-assessed.md").Split('\n').Where(line => line.StartsWith("### ", StringComparison.Ordinal)).Select(line => line[4..])];

        Assert.Equal(9, headings.Length);
        Assert.Equal(["Sexual", "Weapons_Substance_Abuse", "Disasters_Emergencies"], Of(headings, "in part"));
        Assert.Contains("Sexual, Weapons_Substance_Abuse and Disasters_Emergencies in part", Repository.Read("README.md"), StringComparison.Ordinal);
    }

    private static string[] Of(string[] headings, string level) =>
        [.. headings.Where(heading => heading.EndsWith($": {level}", StringComparison.Ordinal)).Select(heading => heading.Split(':')[0])];
}

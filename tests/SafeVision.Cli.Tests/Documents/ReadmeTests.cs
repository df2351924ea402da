using System.Text.RegularExpressions;
using SafeVision.Tests;
using SafeVision.Tests.Documents;

namespace SafeVision.Cli.Tests.Documents;

public sealed partial class ReadmeTests
{
    [Fact]
    public void The_readme_shows_the_quickstart_as_it_is_compiled()
    {
        string program = Repository.Read("samples/Quickstart/Program.cs").Trim();

        Assert.Contains($"```csharp\n{program}\n```", Repository.Read("README.md"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_picture_is_there_and_small()
    {
        Assert.Contains("](docs/images/heatmap.png)", Repository.Read("README.md"), StringComparison.Ordinal);
        Assert.InRange(new FileInfo(Repository.PathOf("docs/images/heatmap.png")).Length, 1, 300_000);
    }

    /// <summary>But for the figures, in which processors differ a little.</summary>
    [Fact]
    public async Task The_table_in_the_readme_is_what_the_command_prints()
    {
        CommandRun run = await CommandRun.OfAsync("check", Repository.PathOf("samples/images"), "--policy", Repository.PathOf("samples/policies/no-cats.yaml"));

        Assert.Equal(3, run.ExitCode);
        string shown = DocumentCode.Shown("README.md", "text")[0];
        Assert.Equal(Masked(run.Output), Masked(shown));
    }

    private static string Masked(string text) => string.Join(
        '\n', Figures().Replace(text, "0").Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0));

    [GeneratedRegex(@"(?<=\()[0-9a-f]{12}(?=\))|[0-9]+")]
    private static partial Regex Figures();
}

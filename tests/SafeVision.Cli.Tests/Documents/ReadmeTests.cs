using SafeVision.Tests;

namespace SafeVision.Cli.Tests.Documents;

public sealed class ReadmeTests
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

    [Fact]
    public async Task The_table_in_the_readme_is_what_the_command_prints()
    {
        CommandRun run = await CommandRun.OfAsync("check", Repository.PathOf("samples/images"), "--policy", Repository.PathOf("samples/policies/no-cats.yaml"));

        string printed = string.Join('\n', run.Output.Split('\n').Select(line => line.TrimEnd())).Trim();
        Assert.Contains(printed, Repository.Read("README.md"), StringComparison.Ordinal);
    }
}

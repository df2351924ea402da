using System.Xml.Linq;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests;

public sealed class PolicyTestCommandTests
{
    private static string Policy => Repository.PathOf("samples/policies/no-cats.yaml");

    private static string Cases => Repository.PathOf("samples/cases");

    [Fact]
    public async Task The_sample_prints_what_the_document_shows()
    {
        CommandRun run = await CommandRun.OfAsync("policy", "test", Policy, Cases);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(run.Output.TrimEnd(), Repository.Read("docs/testing-a-policy.md"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failed_cases_end_in_exit_code_4_and_stand_in_every_form()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("cases/block"));
        Directory.CreateDirectory(folder.At("cases/allow"));
        File.Copy(Repository.PathOf("samples/images/chelsea.png"), folder.At("cases/allow/cat.png"));
        File.Copy(Repository.PathOf("samples/images/chelsea.png"), folder.At("cases/block/cat.png"));

        CommandRun text = await CommandRun.OfAsync("policy", "test", Policy, folder.At("cases"));
        CommandRun json = await CommandRun.OfAsync("policy", "test", Policy, folder.At("cases"), "--format", "json");
        CommandRun xml = await CommandRun.OfAsync("policy", "test", Policy, folder.At("cases"), "--format", "junit");

        Assert.Equal([4, 4, 4], [text.ExitCode, json.ExitCode, xml.ExitCode]);
        Assert.Contains("FAILED  allow/cat.png", text.Output, StringComparison.Ordinal);
        Assert.Contains("Expected allow, but it is block.", text.Output, StringComparison.Ordinal);
        Assert.Equal([false, true], json.Json().EnumerateArray().OrderBy(entry => entry.GetProperty("name").GetString()).Select(entry => entry.GetProperty("passed").GetBoolean()));
        XElement suite = XElement.Parse(xml.Output);
        Assert.Equal(("2", "1"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value));
        Assert.Equal("allow/cat.png", suite.Elements("testcase").Single(one => one.Element("failure") is not null).Attribute("name")!.Value);
    }

    [Fact]
    public async Task A_mistake_in_a_case_is_an_error_with_its_place()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("a.yaml"), "cases:\n  - image: cat.png\n    decison: block\n");
        CommandRun run = await CommandRun.OfAsync("policy", "test", Policy, folder.Path);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("a.yaml:3:5: unknown key 'decison'", run.Error, StringComparison.Ordinal);
    }
}

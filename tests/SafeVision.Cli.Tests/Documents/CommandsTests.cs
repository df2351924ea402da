using System.CommandLine;
using System.Text.RegularExpressions;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests.Documents;

/// <summary>Every command that a document names exists, with the options that stand behind it.</summary>
public sealed partial class CommandsTests
{
    public static TheoryData<string, string> Commands
    {
        get
        {
            var commands = new TheoryData<string, string>();
            foreach (string document in Documents)
            {
                foreach (string line in Lines(Repository.Read(document)).Distinct())
                {
                    commands.Add(document, line);
                }
            }

            return commands;
        }
    }

    private static IEnumerable<string> Documents =>
        ["README.md", "CONTRIBUTING.md", .. Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md").Order(StringComparer.Ordinal).Select(file => $"docs/{Path.GetFileName(file)}")];

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_command_of_a_document_is_understood(string document, string line)
    {
        ParseResult parsed = CommandLine.Parse(Words(line));

        // In running text a command stands for itself, without what it is given.
        bool isName = parsed.Tokens.All(token => token.Type == System.CommandLine.Parsing.TokenType.Command);
        if (isName)
        {
            Assert.True(parsed.Tokens.Count == Words(line).Length, $"{document}: '{line}' is no command.");
            return;
        }

        string[] open = ["Which images?", "missing for command", " is required."];
        Assert.All(parsed.Errors, error => Assert.True(open.Any(part => error.Message.Contains(part, StringComparison.Ordinal)) && IsInText(document, line), $"{document}: '{line}': {error.Message}"));
        Assert.DoesNotContain(" is no option of ", UsageMistake.In(parsed) ?? "", StringComparison.Ordinal);
    }

    /// <summary>Within a sentence, what a command is given may be left out.</summary>
    private static bool IsInText(string document, string line) => Repository.Read(document).Contains($"`safevision {line}", StringComparison.Ordinal);

    [Fact]
    public void The_documents_name_many_commands() => Assert.InRange(Commands.Count, 40, 400);

    [Fact]
    public void Each_benchmark_that_a_document_names_is_there()
    {
        string program = Repository.Read("benchmarks/SafeVision.Benchmarks/Program.cs");
        string[] named = [.. Documents.SelectMany(document => Benchmark.Matches(Repository.Read(document)).Select(match => match.Groups[1].Value)).Distinct()];
        Assert.InRange(named.Length, 4, 60);
        Assert.All(named, name => Assert.Contains($"case [\"{name}\"", program, StringComparison.Ordinal));
    }

    /// <summary>Lines of code that begin with the command, and code within a sentence; a line that ends with a backslash goes on.</summary>
    private static IEnumerable<string> Lines(string document) => Line.Matches(document.Replace("\\\n", " ", StringComparison.Ordinal))
        .Select(match => (match.Groups["line"].Success ? match.Groups["line"] : match.Groups["code"]).Value.Split(" #")[0].Split(" > ")[0].Split(" | ")[0].Trim());

    private static string[] Words(string line) => [.. Word.Matches(line).Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Value)];

    [GeneratedRegex(@"^(?: {4}|\$ |)(?:safevision|dotnet run --project src/SafeVision\.Cli --)(?<line>(?: [^\n]*)?)$|`safevision(?<code> [^`\n]+)`", RegexOptions.Multiline)]
    private static partial Regex Line { get; }

    [GeneratedRegex(@"""([^""]*)""|\S+")]
    private static partial Regex Word { get; }

    [GeneratedRegex(@"(?:SafeVision\.Benchmarks|…) -- ([a-z][a-z-]*)")]
    private static partial Regex Benchmark { get; }
}

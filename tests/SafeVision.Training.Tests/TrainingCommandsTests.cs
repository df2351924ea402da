using System.CommandLine;
using System.Text.RegularExpressions;
using SafeVision.Tests;
using SafeVision.Training.Cli;

namespace SafeVision.Training.Tests;

/// <summary>Every command of the training tool that a document names exists, with the options that stand behind it.</summary>
public sealed partial class TrainingCommandsTests
{
    public static TheoryData<string, string> Commands
    {
        get
        {
            var commands = new TheoryData<string, string>();
            foreach (string file in new[] { "README.md", "CONTRIBUTING.md" }.Select(Repository.PathOf).Concat(Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md")).Order(StringComparer.Ordinal))
            {
                foreach (Match match in Command.Matches(File.ReadAllText(file).Replace("\\\n", " ", StringComparison.Ordinal)))
                {
                    commands.Add(Path.GetFileName(file), (match.Groups["own"].Success ? match.Groups["own"] : match.Groups["shared"]).Value.Split(" #")[0].Trim());
                }
            }

            return commands;
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_command_of_a_document_is_understood(string document, string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        ParseResult parsed = TrainingCommandLine.Parse(words);

        bool isName = parsed.Tokens.All(token => token.Type == System.CommandLine.Parsing.TokenType.Command);
        Assert.True(isName ? parsed.Tokens.Count == words.Length : parsed.Errors.Count == 0, $"{document}: '{line}': {string.Join(' ', parsed.Errors.Select(error => error.Message))}");
    }

    [Fact]
    public void The_documents_name_the_training_commands() => Assert.InRange(Commands.Count, 4, 100);

    [Theory]
    [InlineData("train --model m --data d", "Option '--output' is required.")]
    [InlineData("train --model m --data d --output o --objective x", "Must be one of: 'sft' 'dpo' 'grpo'")]
    [InlineData("train --model m --data d --output o --sharee 0.3", "Did you mean '--share'?")]
    public async Task A_mistake_is_one_line_and_a_hint(string line, string mistake)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        Assert.Equal(1, await TrainingCommandLine.RunAsync(line.Split(' '), output, error, TestContext.Current.CancellationToken));

        Assert.Contains(mistake, error.ToString(), StringComparison.Ordinal);
        Assert.Contains("'safevision-train train --help' says what there is.", error.ToString(), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^(?: {4}|\$ |)(?:safevision-train|dotnet run --project src/SafeVision\.Training\.Cli --)(?<own> [^\n`]+)$|`safevision-train(?<own> [^`\n]+)`|^(?: {4}|\$ |)safevision(?<shared> train [^\n`]+)$|`safevision(?<shared> train [^`\n]+)`", RegexOptions.Multiline)]
    private static partial Regex Command { get; }
}

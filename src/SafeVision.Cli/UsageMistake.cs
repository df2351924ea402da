using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace SafeVision.Cli;

/// <summary>What is wrong with a command line, in one line and a hint: the whole help would push it off the screen.</summary>
internal static class UsageMistake
{
    /// <summary>The mistake; null where there is none, or where the command line asks for nothing and the help is the answer.</summary>
    public static string? In(ParseResult parsed, string tool = "safevision")
    {
        if (parsed.Action is not ParseErrorAction && parsed.Action != parsed.CommandResult.Command.Action)
        {
            return null; // --help or --version
        }

        Command command = parsed.CommandResult.Command;
        if (!command.TreatUnmatchedTokensAsErrors)
        {
            return null; // another tool reads the rest
        }

        string called = Called(parsed.CommandResult, tool);
        string? mistake = StrayOption(parsed) is { } option ? $"'{option}' is no option of '{called}'.{Meant(option, command.Options.Select(known => known.Name))}"
            : command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [var word, ..] ? $"'{word}' is no command of '{called}'.{Meant(word, command.Subcommands.Select(known => known.Name))}"
            : parsed.Action is ParseErrorAction && command.Subcommands.Count == 0 ? string.Join(' ', parsed.Errors[0].Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            : null;
        return mistake is null ? null : $"{mistake}\n'{called} --help' says what there is.";
    }

    /// <summary>A word that looks like an option and was taken for an argument. After <c>--</c>, and alone, a dash is a part of a name.</summary>
    private static string? StrayOption(ParseResult parsed)
    {
        int end = parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).Count();
        HashSet<Token> arguments = [.. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)];
        return parsed.Tokens.Take(end)
            .Where(token => token.Type == TokenType.Argument && token.Value.Length > 1 && token.Value[0] == '-')
            .FirstOrDefault(token => arguments.Contains(token) || parsed.UnmatchedTokens.Contains(token.Value))?.Value;
    }

    private static string Called(CommandResult result, string tool) =>
        result.Parent is CommandResult parent ? $"{Called(parent, tool)} {result.Command.Name}" : tool;

    private static string Meant(string word, IEnumerable<string> known) =>
        known.Select(candidate => (Word: candidate, Distance: Distance(word, candidate))).MinBy(candidate => candidate.Distance) is { Word: { } nearest, Distance: var distance } && distance <= Math.Max(2, word.Length / 3)
            ? $" Did you mean '{nearest}'?"
            : "";

    /// <summary>Letters to insert, delete or replace.</summary>
    private static int Distance(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 0; i < left.Length; i++)
        {
            int diagonal = row[0]++;
            for (int j = 0; j < right.Length; j++)
            {
                (diagonal, row[j + 1]) = (row[j + 1], Math.Min(Math.Min(row[j], row[j + 1]) + 1, diagonal + (left[i] == right[j] ? 0 : 1)));
            }
        }

        return row[^1];
    }
}

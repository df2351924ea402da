using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using SafeVision.Cli.Output;
using SafeVision.Conversion;
using SafeVision.Evaluation.Calibration;
using SafeVision.Evaluation.Cases;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Runs;
using SafeVision.Evaluation.Symbols;
using SafeVision.Inference;
using SafeVision.Policies;

namespace SafeVision.Cli;

/// <summary>The command <c>safevision</c>, apart from the process that it runs in.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command line and returns the exit code.</summary>
    /// <param name="arguments">What follows the command's name.</param>
    /// <param name="output">Results.</param>
    /// <param name="error">Messages and progress.</param>
    /// <param name="cancellationToken">Stops the work, as Ctrl+C does.</param>
    public static Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(10),
        };
        return CommandErrors.GuardAsync(
            () =>
            {
                ParseResult parsed = Parse(arguments);
                return UsageMistake.In(parsed) is { } mistake ? throw new ArgumentException(mistake) : parsed.InvokeAsync(invocation, cancellationToken);
            },
            error);
    }

    /// <summary>What a command line means, whether or not it can be done.</summary>
    public static ParseResult Parse(string[] arguments)
    {
        var root = new RootCommand("Checks images against a written policy, on this machine, and says why.")
        {
            CheckCommand.Create(),
            ExplainCommand.Create(),
            PolicyCommand.Create(),
            ModelsCommand.Create(),
            DoctorCommand.Create(),
            ConvertCommand.Create(),
            DataCommand.Create(),
            EvaluateCommand.Create(),
            TuneCommand.Create(),
        };

        SayExitCodes(root);

        // A file named @something is a file: taking it for a list of arguments would let an uploaded name choose the policy.
        return root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }

    /// <summary>Each command's help ends with its exit codes; those that have others than these say so themselves.</summary>
    private static void SayExitCodes(Command command)
    {
        if (command.Subcommands.Count == 0 && command.Description?.Contains("Exit code", StringComparison.Ordinal) is false)
        {
            command.Description += " Exit code: 0 done, 1 error.";
        }

        foreach (Command part in command.Subcommands)
        {
            SayExitCodes(part);
        }
    }
}

/// <summary>What is wrong with a command line, in one line and a hint: the whole help would push it off the screen.</summary>
internal static class UsageMistake
{
    /// <summary>The mistake; null where there is none, or where the command line asks for nothing and the help is the answer.</summary>
    public static string? In(ParseResult parsed)
    {
        if (parsed.Action is not ParseErrorAction && parsed.Action != parsed.CommandResult.Command.Action)
        {
            return null; // --help or --version
        }

        Command command = parsed.CommandResult.Command;
        string called = Called(parsed.CommandResult);
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

    private static string Called(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{Called(parent)} {result.Command.Name}" : "safevision";

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

/// <summary>Turns what went wrong into a message on standard error and exit code 1; a stack trace helps nobody here.</summary>
internal static class CommandErrors
{
    /// <summary>The exit code of an error; 0, 2 and 3 are decisions.</summary>
    public const int Error = 1;

    public static async Task<int> GuardAsync(Func<Task<int>> run, TextWriter error)
    {
        try
        {
            return await run();
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("Cancelled; what was printed is not everything.");
        }
        catch (IOException exception) when (StandardOutput.IsClosed(exception))
        {
            // The reader, such as head, has what it wanted. Nobody reads on, so there is nothing to say.
        }
        catch (Exception exception) when (IsExpected(exception))
        {
            await error.WriteLineAsync(Terminal.Plain(exception.Message));
        }
        catch (Exception exception)
        {
            await error.WriteLineAsync(Terminal.Plain($"Unexpected {exception.GetType().Name}: {exception.Message}"));
        }

        return Error;
    }

    /// <summary>Whether the message tells a user what to mend.</summary>
    public static bool IsExpected(Exception exception) => exception
        is PolicyException or CaseFileException or SymbolException or ModelLoadException or ExecutionProviderException or CheckpointException
        or DatasetException or RunException or TuningException
        or IOException or UnauthorizedAccessException or ArgumentException;
}

namespace SafeVision.Cli;

/// <summary>Turns what went wrong into a message on standard error and exit code 1; a stack trace helps nobody here.</summary>
internal static class CommandErrors
{
    public const int Error = 1; // the exit code of an error; 0, 2 and 3 are decisions

    /// <summary>Does what a command line says and returns the exit code.</summary>
    /// <param name="patience">How long a command that is stopped has to end.</param>
    /// <param name="isExpected">Which further exceptions tell a user what to mend; null: none.</param>
    public static Task<int> RunAsync(
        Func<ParseResult> parse, string tool, TimeSpan patience, TextWriter output, TextWriter error, Func<Exception, bool>? isExpected, CancellationToken cancellationToken)
    {
        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = patience,
        };
        return GuardAsync(
            () =>
            {
                ParseResult parsed = parse();
                return UsageMistake.In(parsed, tool) is { } mistake ? throw new ArgumentException(mistake) : parsed.InvokeAsync(invocation, cancellationToken);
            },
            error,
            isExpected);
    }

    /// <param name="error">Where messages go.</param>
    /// <param name="isExpected">Which further exceptions tell a user what to mend; null: none.</param>
    public static async Task<int> GuardAsync(Func<Task<int>> run, TextWriter error, Func<Exception, bool>? isExpected = null)
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
        catch (Exception exception) when (IsExpected(exception) || isExpected?.Invoke(exception) == true)
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
        is PolicyException or EvaluationException or ModelLoadException or ExecutionProviderException or CheckpointException or HubException
        or DatasetException
        or IOException or UnauthorizedAccessException or ArgumentException;

    /// <summary>What a command line means, whether or not it can be done.</summary>
    public static ParseResult Parse(RootCommand root, string[] arguments)
    {
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

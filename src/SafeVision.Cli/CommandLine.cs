namespace SafeVision.Cli;

/// <summary>The command <c>safevision</c>, apart from the process that it runs in.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command line and returns the exit code.</summary>
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
                if (TrainingTool.Takes(arguments))
                {
                    return TrainingTool.RunAsync(arguments, cancellationToken);
                }

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
            TrainingTool.CreateTrain(),
        };

        CommandErrors.SayExitCodes(root);

        // A file named @something is a file: taking it for a list of arguments would let an uploaded name choose the policy.
        return root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }
}

using SafeVision.Imaging;

namespace SafeVision.Training.Cli;

/// <summary>The command <c>safevision-train</c>, apart from the process that it runs in.</summary>
internal static class TrainingCommandLine
{
    private const string Tool = "safevision-train";

    /// <summary>Runs one command line and returns the exit code.</summary>
    public static Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken = default)
    {
        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(60), // a step ends, and what it needs to go on is written
        };
        return CommandErrors.GuardAsync(
            () =>
            {
                ParseResult parsed = Parse(arguments);
                return UsageMistake.In(parsed, Tool) is { } mistake ? throw new ArgumentException(mistake) : parsed.InvokeAsync(invocation, cancellationToken);
            },
            error,
            exception => exception is TrainingException or TrainingDataException or ImageRejectedException);
    }

    /// <summary>What a command line means, whether or not it can be done.</summary>
    public static ParseResult Parse(string[] arguments)
    {
        var root = new RootCommand("Makes training data from images and a policy, and trains a guardrail with it, on this machine.")
        {
            TrainCommand.Create(),
            StarterCommand.Create(),
            NanoCommand.Create(),
            AblateCommand.Create(),
            DataCommands.Create(),
        };

        CommandErrors.SayExitCodes(root);
        return root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }
}

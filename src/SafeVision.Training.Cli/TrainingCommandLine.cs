using SafeVision.Imaging;

namespace SafeVision.Training.Cli;

/// <summary>The command <c>safevision-train</c>, apart from the process that it runs in.</summary>
internal static class TrainingCommandLine
{
    /// <summary>Runs one command line and returns the exit code.</summary>
    public static Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken = default) =>
        CommandErrors.RunAsync(
            () => Parse(arguments),
            "safevision-train",
            TimeSpan.FromSeconds(60), // a step ends, and what it needs to go on is written
            output,
            error,
            exception => exception is TrainingException or TrainingDataException or ImageRejectedException,
            cancellationToken);

    /// <summary>What a command line means, whether or not it can be done.</summary>
    public static ParseResult Parse(string[] arguments) => CommandErrors.Parse(
        new RootCommand("Makes training data from images and a policy, and trains a guardrail with it, on this machine.")
        {
            TrainCommand.Create(),
            StarterCommand.Create(),
            NanoCommand.Create(),
            AblateCommand.Create(),
            DataCommands.Create(),
        },
        arguments);
}

namespace SafeVision.Cli;

/// <summary>The command <c>safevision</c>, apart from the process that it runs in.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command line and returns the exit code.</summary>
    public static Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken = default) =>
        TrainingTool.Takes(arguments)
            ? CommandErrors.GuardAsync(() => TrainingTool.RunAsync(arguments, cancellationToken), error)
            : CommandErrors.RunAsync(() => Parse(arguments), "safevision", TimeSpan.FromSeconds(10), output, error, null, cancellationToken);

    /// <summary>What a command line means, whether or not it can be done.</summary>
    public static ParseResult Parse(string[] arguments) => CommandErrors.Parse(
        new RootCommand("Checks images against a written policy, on this machine, and says why.")
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
        },
        arguments);
}

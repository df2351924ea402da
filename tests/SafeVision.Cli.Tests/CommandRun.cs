using System.Text.Json;

namespace SafeVision.Cli.Tests;

/// <summary>What one command line did.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    /// <summary>Runs a command line in this process.</summary>
    public static Task<CommandRun> OfAsync(params string[] arguments) => OfAsync(arguments, CancellationToken.None);

    /// <summary>Runs a command line in this process, which <paramref name="cancellationToken"/> stops as Ctrl+C would.</summary>
    public static async Task<CommandRun> OfAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await CommandLine.RunAsync(arguments, output, error, cancellationToken);
        return new CommandRun(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>The output as one JSON document.</summary>
    public JsonElement Json() => JsonElement.Parse(Output);

    /// <summary>The output as one JSON document a line.</summary>
    public JsonElement[] Lines() => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
}

using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Spectre.Console;

namespace SafeVision.Cli;

/// <summary>Checks files in order, with a progress bar on standard error where that is a terminal.</summary>
internal static class CheckProgress
{
    public static async IAsyncEnumerable<(string Path, GuardrailResult Result)> RunAsync(
        IImageGuardrail guardrail, IReadOnlyList<string> files, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IAsyncEnumerable<GuardrailResult> results = guardrail.CheckManyAsync(
            files.Select(ImageSource.FromFile).ToAsyncEnumerable(), cancellationToken);
        int next = 0;
        if (Console.IsErrorRedirected)
        {
            await foreach (GuardrailResult result in results)
            {
                yield return (files[next++], result);
            }

            yield break;
        }

        // The bar owns the terminal while it runs, so results wait in a channel until it is done.
        var finished = Channel.CreateUnbounded<GuardrailResult>();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress().AutoClear(true).StartAsync(async context =>
        {
            ProgressTask task = context.AddTask("Checking", maxValue: files.Count);
            await foreach (GuardrailResult result in results)
            {
                finished.Writer.TryWrite(result);
                task.Increment(1);
            }
        });
        finished.Writer.Complete();
        await foreach (GuardrailResult result in finished.Reader.ReadAllAsync(cancellationToken))
        {
            yield return (files[next++], result);
        }
    }
}

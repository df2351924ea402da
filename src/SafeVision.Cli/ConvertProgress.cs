using SafeVision.Conversion;
using Spectre.Console;

namespace SafeVision.Cli;

/// <summary>Converts, with a progress bar for each stage on standard error where that is a terminal.</summary>
internal static class ConvertProgress
{
    public static async Task<ConversionResult> RunAsync(ConversionOptions options, CancellationToken cancellationToken)
    {
        if (Console.IsErrorRedirected)
        {
            return await ModelConverter.ConvertAsync(options, null, cancellationToken);
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        ProgressColumn[] columns = [new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(), new RemainingTimeColumn()];
        return await console.Progress().AutoClear(true).Columns(columns).StartAsync(
            context => ModelConverter.ConvertAsync(options, new Bars(context), cancellationToken));
    }

    /// <summary>One bar a stage, made when the stage begins.</summary>
    private sealed class Bars(ProgressContext context) : IProgress<ConversionProgress>
    {
        private readonly Dictionary<ConversionStage, ProgressTask> tasks = [];

        public void Report(ConversionProgress value)
        {
            if (!tasks.TryGetValue(value.Stage, out ProgressTask? task))
            {
                tasks[value.Stage] = task = context.AddTask($"{value.Stage}", maxValue: Math.Max(value.Total, 1));
            }

            task.Value = value.Done;
        }
    }
}

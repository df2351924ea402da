using SafeVision.Conversion;
using Spectre.Console;
using Spectre.Console.Rendering;

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
        ProgressColumn[] columns = [new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new AmountColumn(), new RemainingTimeColumn()];
        return await console.Progress().AutoClear(true).Columns(columns).StartAsync(
            context => ModelConverter.ConvertAsync(options, new Bars(context), cancellationToken));
    }

    /// <summary>How much of a stage is done, in the stage's own unit.</summary>
    private sealed class AmountColumn : ProgressColumn
    {
        private readonly DownloadedColumn _bytes = new();

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => task.Description switch
        {
            nameof(ConversionStage.Verifying) => new Text($"{task.Value}/{task.MaxValue} layers"),
            nameof(ConversionStage.Measuring) => new Text($"{task.Value}/{task.MaxValue} steps"),
            _ => _bytes.Render(options, task, deltaTime),
        };
    }

    /// <summary>One bar a stage, made when the stage begins.</summary>
    private sealed class Bars(ProgressContext context) : IProgress<ConversionProgress>
    {
        private readonly Dictionary<ConversionStage, ProgressTask> _tasks = [];

        public void Report(ConversionProgress value)
        {
            if (!_tasks.TryGetValue(value.Stage, out ProgressTask? task))
            {
                _tasks[value.Stage] = task = context.AddTask($"{value.Stage}", maxValue: Math.Max(value.Total, 1));
            }

            task.Value = value.Done;
        }
    }
}

using SafeVision.Cli.Output;
using SafeVision.Evaluation.Runs;

namespace SafeVision.Cli;

/// <summary>Shows how far a run is.</summary>
internal sealed class EvaluateProgress(TextWriter error, string what) : IProgress<EvaluationProgress>, IDisposable
{
    private readonly Lock _gate = new();
    private ProgressLine? _line;
    private int _resumed;

    public void Report(EvaluationProgress value)
    {
        lock (_gate)
        {
            if (_line is null)
            {
                // What an earlier run left takes no time, so the rate leaves it out.
                _resumed = value.Resumed;
                _line = new ProgressLine(error, value.Total - value.Resumed, TimeProvider.System);
                if (value.Resumed > 0)
                {
                    error.WriteLine($"{what}: going on after {value.Resumed} of {value.Total} samples.");
                }

                _line.Announce(what);
                _line.Start();
            }

            if (value.Total > _resumed)
            {
                _line.Show(value.Done - _resumed);
            }
        }
    }

    public void Dispose() => _line?.Dispose();
}

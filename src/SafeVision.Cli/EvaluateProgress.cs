namespace SafeVision.Cli;

/// <summary>Shows how far long work is, a line for each of its steps, and says what is wrong with a dataset. Reports may come from several threads.</summary>
internal sealed class EvaluateProgress(TextWriter error, string what = "") : IProgress<EvaluationProgress>, IDisposable
{
    private const int MostProblems = 10;

    private readonly Lock _gate = new();
    private ProgressLine? _line;
    private string? _step;
    private int _resumed;
    private int _most;

    public void Report(EvaluationProgress value)
    {
        lock (_gate)
        {
            if (value.Problems.Count > 0)
            {
                Say(value);
            }

            string step = value.Step.Length > 0 ? value.Step : what;
            if (step.Length == 0)
            {
                return;
            }

            if (_step != step)
            {
                Begin(step, value);
            }

            _most = Math.Max(_most, value.Done);
            if (value.Total > _resumed)
            {
                _line!.Show(_most - _resumed);
            }
        }
    }

    public void Dispose() => _line?.Dispose();

    private void Begin(string step, EvaluationProgress value)
    {
        _line?.Dispose();

        // What an earlier run left takes no time, so the rate leaves it out.
        (_step, _resumed, _most) = (step, value.Resumed, value.Done);
        _line = new ProgressLine(error, value.Total - value.Resumed, TimeProvider.System);
        if (value.Resumed > 0)
        {
            error.WriteLine($"{step}: going on after {value.Resumed} of {value.Total} samples.");
        }

        _line.Announce(step);
        _line.Start();
    }

    private void Say(EvaluationProgress value)
    {
        foreach (DatasetProblem problem in value.Problems.Take(MostProblems))
        {
            error.WriteLine(Terminal.Plain($"{problem.Where}: {problem.Message}"));
        }

        if (value.ProblemCount > MostProblems)
        {
            error.WriteLine($"… and {value.ProblemCount - MostProblems} more problems of the dataset.");
        }
    }
}

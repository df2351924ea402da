using System.Globalization;

namespace SafeVision.Cli.Output;

/// <summary>
/// One line at the foot of a terminal: how far the work is and how long it will take. It writes to standard error, steps
/// aside when results are printed on the same terminal, and is silent where there is no terminal.
/// </summary>
internal sealed class ProgressLine(TextWriter error, int total, TimeProvider clock) : IDisposable
{
    private const int BarWidth = 24;
    private const string EraseLine = "\r\u001b[K";

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private readonly bool _isShown = error == Console.Error && !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
    private long _started;
    private long _drawn;
    private bool _isVisible;

    /// <summary>Says what is being done before the first result.</summary>
    public void Announce(string what)
    {
        if (_isShown)
        {
            error.Write($"{EraseLine}{what}");
            _isVisible = true;
        }
    }

    /// <summary>Starts the clock that the rate is measured by: loading is not part of it.</summary>
    public void Start() => _started = clock.GetTimestamp();

    /// <summary>Shows that so many are done; at most ten times a second unless the line was hidden meanwhile.</summary>
    public void Show(int done)
    {
        if (!_isShown || (_isVisible && clock.GetElapsedTime(_drawn) < s_interval && done < total))
        {
            return;
        }

        _drawn = clock.GetTimestamp();
        double seconds = clock.GetElapsedTime(_started).TotalSeconds;
        double rate = done / Math.Max(seconds, 1e-3);
        var left = TimeSpan.FromSeconds(Math.Min((total - done) / Math.Max(rate, 1e-3), 359_999));
        int filled = (int)((long)BarWidth * done / total);
        Announce(string.Create(
            CultureInfo.InvariantCulture,
            $"{new string('#', filled)}{new string('.', BarWidth - filled)} {done} of {total}, {rate:0.0}/s, {(int)left.TotalHours}:{left:mm\\:ss} left"));
    }

    /// <summary>Makes room for a line of output.</summary>
    public void Hide()
    {
        if (_isVisible && !Console.IsOutputRedirected)
        {
            error.Write(EraseLine);
            _isVisible = false;
        }
    }

    public void Dispose()
    {
        if (_isVisible)
        {
            error.Write(EraseLine);
            _isVisible = false;
        }
    }
}

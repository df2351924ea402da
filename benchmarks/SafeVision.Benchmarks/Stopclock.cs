using System.Diagnostics;

namespace SafeVision.Benchmarks;

/// <summary>
/// Wall time and processor time of one piece of work. On a machine that others use, wall time says as much about them as
/// about the work; processor time doesn't.
/// </summary>
internal readonly struct Stopclock
{
    private readonly long _wall;
    private readonly TimeSpan _processor;

    private Stopclock(long wall, TimeSpan processor) => (_wall, _processor) = (wall, processor);

    public static Stopclock Start() => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);

    public Lap Stop() => new(
        Stopwatch.GetElapsedTime(_wall).TotalMilliseconds, (Environment.CpuUsage.TotalTime - _processor).TotalMilliseconds);
}

using System.Globalization;

namespace SafeVision.Benchmarks.Soaking;

/// <summary>What the process and the machine did in a stretch of time.</summary>
internal sealed class Interval
{
    private readonly Stopclock _clock = Stopclock.Start();
    private readonly (double Busy, double All) _machine = MachineTime();

    private Interval()
    {
    }

    public static Interval Start() => new();

    /// <summary>Writes a row of the table and returns the working set in megabytes.</summary>
    public double Report(TextWriter output, int done, int images)
    {
        Lap lap = _clock.Stop();
        (double busy, double all) = MachineTime();
        double megabytes = Environment.WorkingSet / 1e6;
        double ours = lap.Processor / (lap.Wall * Environment.ProcessorCount);
        string anything = all > _machine.All ? ((busy - _machine.Busy) / (all - _machine.All)).ToString("P1", CultureInfo.InvariantCulture) : "unknown";
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {done} | {images / lap.Wall * 1000:0.0} | {ours:P1} | {anything} | {lap.Processor / images:0.00} | {megabytes:0.0} | {GC.GetTotalMemory(false) / 1e6:0.0} |"));
        return megabytes;
    }

    // Other programs take their part of the cores; what must not be is a core that idles. Linux says so in /proc/stat.
    private static (double Busy, double All) MachineTime()
    {
        if (!OperatingSystem.IsLinux())
        {
            return default;
        }

        double[] times = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(field => double.Parse(field, CultureInfo.InvariantCulture))];
        double idle = times[3] + times[4]; // idle and waiting for a disk
        return (times.Sum() - idle, times.Sum());
    }
}

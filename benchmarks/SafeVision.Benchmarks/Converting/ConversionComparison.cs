using System.Diagnostics;
using System.Globalization;
using SafeVision.Conversion;

namespace SafeVision.Benchmarks.Converting;

/// <summary>How fast a checkpoint is converted, beside how fast the same files are copied, and how much memory that takes.</summary>
internal static class ConversionComparison
{
    public static async Task RunAsync(string checkpoint, string precision, TextWriter output)
    {
        string folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(checkpoint))!, "convert-benchmark");
        long bytes = Directory.EnumerateFiles(checkpoint, "*.safetensors").Sum(path => new FileInfo(path).Length);
        try
        {
            output.WriteLine("| work | s | cpu s | MB of input a second |");
            output.WriteLine("|---|--:|--:|--:|");
            Report(output, "copy", bytes, Copy(checkpoint, folder));
            Directory.Delete(folder, recursive: true);

            var stages = new StageClock();
            var clock = Stopclock.Start();
            ConversionResult result = await ModelConverter.ConvertAsync(
                new ConversionOptions { Source = checkpoint, Destination = folder, Precision = precision }, stages).ConfigureAwait(false);
            Report(output, $"convert to {precision}", bytes, clock.Stop());
            foreach ((ConversionStage stage, double seconds) in stages.Finish())
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| &nbsp;&nbsp;{stage} | {seconds:0.0} | | |"));
            }

            using var process = Process.GetCurrentProcess();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"\n{bytes / 1e6:0} MB in, {result.Manifest.Bytes / 1e6:0} MB out, peak working set {process.PeakWorkingSet64 / 1048576.0:0} MiB"));
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private static Lap Copy(string checkpoint, string folder)
    {
        Directory.CreateDirectory(folder);
        var clock = Stopclock.Start();
        foreach (string path in Directory.EnumerateFiles(checkpoint))
        {
            using FileStream source = File.OpenRead(path), target = File.Create(Path.Combine(folder, Path.GetFileName(path)));
            source.CopyTo(target, 1 << 20);
            target.Flush(flushToDisk: true);
        }

        return clock.Stop();
    }

    private static void Report(TextWriter output, string work, long bytes, Lap lap) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"| {work} | {lap.Wall / 1000:0.0} | {lap.Processor / 1000:0.0} | {bytes / 1e3 / lap.Wall:0} |"));

    /// <summary>When each stage began.</summary>
    private sealed class StageClock : IProgress<ConversionProgress>
    {
        private readonly List<(ConversionStage Stage, long Start)> _starts = [];

        public void Report(ConversionProgress value)
        {
            if (_starts.Count == 0 || _starts[^1].Stage != value.Stage)
            {
                _starts.Add((value.Stage, Stopwatch.GetTimestamp()));
            }
        }

        public IEnumerable<(ConversionStage Stage, double Seconds)> Finish()
        {
            long end = Stopwatch.GetTimestamp();
            for (int i = 0; i < _starts.Count; i++)
            {
                long next = i + 1 < _starts.Count ? _starts[i + 1].Start : end;
                yield return (_starts[i].Stage, Stopwatch.GetElapsedTime(_starts[i].Start, next).TotalSeconds);
            }
        }
    }
}

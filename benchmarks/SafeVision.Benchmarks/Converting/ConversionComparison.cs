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
            stages.Finish();
            foreach ((ConversionStage stage, Lap lap) in stages.Laps)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {stage} | {lap.Wall / 1000:0.0} | {lap.Processor / 1000:0.0} | |"));
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

    /// <summary>What each stage took, from its first report to that of the next.</summary>
    private sealed class StageClock : IProgress<ConversionProgress>
    {
        private Stopclock _clock = Stopclock.Start();
        private ConversionStage? _stage;

        public List<(ConversionStage Stage, Lap Lap)> Laps { get; } = [];

        public void Report(ConversionProgress value)
        {
            if (_stage is null || value.Stage > _stage) // files are hashed, which is reading, until the end of writing
            {
                Finish();
                (_stage, _clock) = (value.Stage, Stopclock.Start());
            }
        }

        public void Finish()
        {
            if (_stage is { } stage)
            {
                Laps.Add((stage, _clock.Stop()));
            }
        }
    }
}

using SafeVision.Cli.Output;
using SafeVision.Evaluation.Symbols;

namespace SafeVision.Cli;

/// <summary>Writes VisionHarm-S to a folder and shows how far it is.</summary>
internal static class SymbolBuild
{
    /// <returns>The content's hash.</returns>
    public static async Task<string> WriteAsync(SymbolBenchmark benchmark, string folder, int threads, TextWriter error, CancellationToken cancellationToken)
    {
        using var line = new ProgressLine(error, benchmark.Count, TimeProvider.System);
        line.Start();
        return await SymbolDatasetWriter.WriteAsync(benchmark, folder, threads, new Bar(line), cancellationToken);
    }

    /// <summary>Shows progress, which comes from several threads, one report at a time.</summary>
    private sealed class Bar(ProgressLine line) : IProgress<SymbolBuildProgress>
    {
        private readonly Lock _lock = new();
        private int _most;

        public void Report(SymbolBuildProgress value)
        {
            lock (_lock)
            {
                _most = Math.Max(_most, value.Done);
                line.Show(_most);
            }
        }
    }
}

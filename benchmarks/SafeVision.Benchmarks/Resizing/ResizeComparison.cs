using System.Diagnostics;
using System.Globalization;
using SafeVision.Imaging;

namespace SafeVision.Benchmarks.Resizing;

/// <summary>
/// All cases in about a minute. The sides take turns, so that what slows the machine down slows both, and the fastest run of
/// each counts, since nothing but the work itself can make a run short.
/// </summary>
internal static class ResizeComparison
{
    private static readonly TimeSpan s_budget = TimeSpan.FromSeconds(3);

    public static void Run(TextWriter output)
    {
        output.WriteLine($"SafeVision {ResampleKernelName} and SkiaSharp {typeof(SkiaSharp.SKPixmap).Assembly.GetName().Version}, one thread.");
        output.WriteLine("MB/s are megabytes of RGB24 source. Ratio is Skia's time over ours: above 1 we are faster.");
        output.WriteLine();
        output.WriteLine("| resize | filter | ours, ms | ours, MB/s | Skia mipmaps, ms | ratio | Skia cubic, ms | ratio |");
        output.WriteLine("|---|---|--:|--:|--:|--:|--:|--:|");
        foreach (ResizeCase resize in ResizeCase.All)
        {
            output.WriteLine(Row(resize));
        }
    }

    private static string ResampleKernelName => ResampleKernel.Best.GetType().Name.Replace(nameof(ResampleKernel), "", StringComparison.Ordinal);

    private static string Row(ResizeCase resize)
    {
        using var contest = new ResizeContest(resize);
        double ours = double.MaxValue, mipmaps = double.MaxValue, cubic = double.MaxValue;
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < 3 || Stopwatch.GetElapsedTime(start) < s_budget; round++)
        {
            ours = Math.Min(ours, Milliseconds(contest.Ours));
            mipmaps = Math.Min(mipmaps, Milliseconds(() => contest.SkiaMipmaps()));
            cubic = Math.Min(cubic, Milliseconds(() => contest.SkiaCubic()));
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {resize.Width}x{resize.Height} to {resize.TargetWidth}x{resize.TargetHeight} | {resize.Filter} | {ours:0.00} | {resize.SourceBytes / ours / 1000:0} | {mipmaps:0.00} | {mipmaps / ours:0.0} | {cubic:0.00} | {cubic / ours:0.0} |");
    }

    private static double Milliseconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}

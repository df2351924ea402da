using System.Globalization;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Policies;

namespace SafeVision.Benchmarks.Resident;

/// <summary>
/// What a process holds resident: after the first photograph, after many of 12 megapixels, with a second guardrail on the
/// same models, and when both are closed.
/// </summary>
internal static class ResidentComparison
{
    /// <summary>Goals in megabytes, by step; see the design.</summary>
    private const double AfterFirst = 200, AfterMany = 250, ForSecond = 40;

    /// <summary>Makes the photographs here, and measures in a process that has made none.</summary>
    public static async Task RunAsync(int images, TextWriter output)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"safevision-memory-{Environment.ProcessId}");
        try
        {
            PhotographSet.Write([PhotographSet.Make("china.jpg", 4000, 3000), PhotographSet.Make("astronaut.png", 4000, 3000)], folder);
            output.Write(await OwnProcess.RunAsync("memory-run", folder, images.ToString(CultureInfo.InvariantCulture)).ConfigureAwait(false));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What the process started by <see cref="RunAsync"/> does.</summary>
    public static async Task MeasureAsync(string folder, int images, TextWriter output)
    {
        string[] files = Directory.GetFiles(folder);
        output.WriteLine("| step | resident, MB | goal, MB | managed, MB |");
        output.WriteLine("|---|--:|--:|--:|");
        Report(output, "the runtime alone", null);
        IImageGuardrail first = Create();
        await first.WarmUpAsync().ConfigureAwait(false);
        Report(output, "models loaded, policy compiled", null);
        Sound(await first.CheckAsync(ImageSource.FromFile(files[0])).ConfigureAwait(false));
        Report(output, "after the first photograph of 12 megapixels", AfterFirst);

        double most = 0;
        await foreach (GuardrailResult result in first.CheckManyAsync(Enumerable.Range(0, images).ToAsyncEnumerable().Select(i => ImageSource.FromFile(files[i % files.Length]))).ConfigureAwait(false))
        {
            Sound(result);
            most = Math.Max(most, Environment.WorkingSet / 1e6);
        }

        double many = Report(output, $"after {images} more", AfterMany);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| the most meanwhile | {most:0} | | |"));

        IImageGuardrail second = Create();
        await second.WarmUpAsync().ConfigureAwait(false);
        Sound(await second.CheckAsync(ImageSource.FromFile(files[0])).ConfigureAwait(false));
        double both = Report(output, "with a second guardrail on the same models, one photograph judged", many + ForSecond);
        await second.DisposeAsync().ConfigureAwait(false);
        Report(output, "the second closed", null);
        await first.DisposeAsync().ConfigureAwait(false);
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Report(output, "both closed, managed memory collected", null);
        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The second guardrail added {both - many:0} MB; the goal is at most {ForSecond:0}."));
    }

    private static IImageGuardrail Create() => ImageGuardrail.Create(builder => builder.UsePolicy(SafetyPolicy.Starter).UseDefaultModels());

    private static void Sound(GuardrailResult result)
    {
        if (result.Failure is { } failure)
        {
            throw new InvalidOperationException($"An image failed: {failure.Message}");
        }
    }

    private static double Report(TextWriter output, string step, double? goal)
    {
        double megabytes = Environment.WorkingSet / 1e6;
        string limit = goal?.ToString("0", CultureInfo.InvariantCulture) ?? "";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {step} | {megabytes:0} | {limit} | {GC.GetTotalMemory(false) / 1e6:0} |"));
        return megabytes;
    }
}

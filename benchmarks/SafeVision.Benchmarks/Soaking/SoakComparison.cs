using System.Globalization;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Policies;

namespace SafeVision.Benchmarks.Soaking;

/// <summary>
/// Many files through <see cref="IImageGuardrail.CheckManyAsync"/>: are all cores busy, and does memory stay where it is.
/// </summary>
internal static class SoakComparison
{
    private const int Reports = 10;

    public static async Task RunAsync(int images, TextWriter output)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"safevision-soak-{Environment.ProcessId}");
        try
        {
            IEnumerable<Photograph> small = PhotographSet.All().Where(photograph => photograph.Width <= 1920);
            string[] files = PhotographSet.Write(small, folder);
            await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(SafetyPolicy.Starter).UseDefaultModels());
            await guardrail.WarmUpAsync().ConfigureAwait(false);
            await SoakAsync(guardrail, files, images, output).ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task SoakAsync(IImageGuardrail guardrail, string[] files, int images, TextWriter output)
    {
        output.WriteLine($"{images} files, {files.Length} different, {Environment.ProcessorCount} cores.");
        output.WriteLine();
        output.WriteLine("| images done | images/s | busy with us | busy with anything | cpu ms an image | working set, MB | managed heap, MB |");
        output.WriteLine("|--:|--:|--:|--:|--:|--:|--:|");
        int every = Math.Max(1, images / Reports);
        int done = 0;
        double warm = 0, last = 0;
        Interval interval = Interval.Start();
        await foreach (GuardrailResult result in guardrail.CheckManyAsync(Sources(files, images)).ConfigureAwait(false))
        {
            if (result.Failure is { } failure)
            {
                throw new InvalidOperationException($"An image failed: {failure.Message}");
            }

            if (++done % every == 0)
            {
                last = interval.Report(output, done, every);
                warm = warm == 0 ? last : warm;
                interval = Interval.Start();
            }
        }

        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Working set after the first tenth {warm:0} MB, at the end {last:0} MB: {(last / warm) - 1:+0.0 %;-0.0 %}."));
    }

    private static async IAsyncEnumerable<ImageSource> Sources(string[] files, int images)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        for (int i = 0; i < images; i++)
        {
            yield return ImageSource.FromFile(files[i % files.Length]);
        }
    }
}

using System.Globalization;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Inference;
using SafeVision.Policies;

namespace SafeVision.Benchmarks.Sharing;

/// <summary>
/// Our share of the default guardrail's time: all of it that is neither Skia's decoding nor ONNX Runtime's run. Both sides
/// take turns on the same files, in the same sessions; medians count.
/// </summary>
internal static class ShareComparison
{
    private const int Rounds = 25;

    /// <summary>Until the runtime has compiled everything for the last time; it does so in the background, on the same cores.</summary>
    private const int WarmUpRounds = 60;

    public static async Task RunAsync(TextWriter output)
    {
        using var sessions = new SessionCache();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(
            builder => builder.UsePolicy(SafetyPolicy.Starter).UseDefaultModels().ShareSessions(sessions));
        output.WriteLine("Milliseconds for one image: by the clock, and of processor time (all threads).");
        output.WriteLine();
        output.WriteLine("| photograph | views | guardrail, ms | Skia + ORT alone, ms | our share | guardrail, cpu ms | alone, cpu ms | our share, cpu | KB allocated |");
        output.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
        await AllocationAsync(guardrail, PhotographSet.OneOfEachSize()[0], WarmUpRounds).ConfigureAwait(false);
        (Lap Whole, Lap Bare) total = default;
        foreach (Photograph photograph in PhotographSet.OneOfEachSize())
        {
            using BareWork bare = await BareWork.CreateAsync(photograph, sessions).ConfigureAwait(false);
            (Lap whole, Lap alone) = await MeasureAsync(guardrail, photograph, bare).ConfigureAwait(false);
            double kilobytes = await AllocationAsync(guardrail, photograph, Rounds).ConfigureAwait(false);
            output.WriteLine(Row(photograph.Name, bare.Views, whole, alone, kilobytes.ToString("0.0", CultureInfo.InvariantCulture)));
            total = (total.Whole + whole, total.Bare + alone);
        }

        output.WriteLine(Row("**all**", 0, total.Whole, total.Bare, ""));
    }

    private static async Task<(Lap Whole, Lap Bare)> MeasureAsync(IImageGuardrail guardrail, Photograph photograph, BareWork bare)
    {
        var source = ImageSource.FromBytes(photograph.Bytes);
        var whole = new List<Lap>();
        var alone = new List<Lap>();
        for (int round = -5; round < Rounds; round++)
        {
            var clock = Stopclock.Start();
            _ = await guardrail.CheckAsync(source).ConfigureAwait(false);
            Lap ours = clock.Stop();
            clock = Stopclock.Start();
            bare.Decode();
            bare.Run();
            Lap theirs = clock.Stop();
            if (round >= 0)
            {
                whole.Add(ours);
                alone.Add(theirs);
            }
        }

        return (Lap.Median(whole), Lap.Median(alone));
    }

    private static async Task<double> AllocationAsync(IImageGuardrail guardrail, Photograph photograph, int rounds)
    {
        var source = ImageSource.FromBytes(photograph.Bytes);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int round = 0; round < rounds; round++)
        {
            _ = await guardrail.CheckAsync(source).ConfigureAwait(false);
        }

        return (GC.GetTotalAllocatedBytes(precise: true) - before) / 1024.0 / rounds;
    }

    private static string Row(string name, int views, Lap whole, Lap bare, string kilobytes) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {name} | {views} | {whole.Wall:0.00} | {bare.Wall:0.00} | {1 - (bare.Wall / whole.Wall):P1} | {whole.Processor:0.00} | {bare.Processor:0.00} | {1 - (bare.Processor / whole.Processor):P1} | {kilobytes} |");
}

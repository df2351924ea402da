using System.Globalization;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Engines.ClosedSet;
using SafeVision.Models;
using SafeVision.Policies;

namespace SafeVision.Benchmarks.Peers;

/// <summary>
/// nsfwjs against a guardrail with the same network and nothing else, from the same JPEG files to an answer. The two take
/// turns file by file, each alone on the machine while it works; medians count.
/// </summary>
internal static class PeerComparison
{
    private const int Rounds = 3;
    private const int BatchSize = 8;

    private static readonly string[] s_modes = ["jpeg-js", "sharp", "sharp-resized"];

    public static async Task RunAsync(string script, TextWriter output)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"safevision-peers-{Environment.ProcessId}");
        try
        {
            IReadOnlyList<Photograph> photographs = PhotographSet.OneOfEachSize();
            string[] files = PhotographSet.Write(photographs, folder);
            using NodePeer peer = await NodePeer.StartAsync(script).ConfigureAwait(false);
            await using IImageGuardrail guardrail = CreateGuardrail();
            await guardrail.WarmUpAsync().ConfigureAwait(false);
            output.WriteLine($"{peer.Versions}; .NET {Environment.Version}, {Environment.ProcessorCount} cores.");
            output.WriteLine("Milliseconds for one image. Ratio is the peer's time over ours.");
            output.WriteLine();
            output.WriteLine("| how | photograph | nsfwjs decodes with | nsfwjs, ms | ours, ms | ratio | nsfwjs, cpu ms | ours, cpu ms | ratio, cpu |");
            output.WriteLine("|---|---|---|--:|--:|--:|--:|--:|--:|");
            await MeasureAsync(peer, guardrail, "one at a time", [.. files.Select(file => new[] { file })], output).ConfigureAwait(false);
            await MeasureAsync(peer, guardrail, $"{BatchSize} at a time", [.. files.Select(file => Enumerable.Repeat(file, BatchSize).ToArray())], output).ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IImageGuardrail CreateGuardrail()
    {
        SafetyPolicy policy = SafetyPolicy.Define("nsfw", "1").Category(HarmCategory.Sexual).Build();
        return ImageGuardrail.Create(builder => builder
            .UsePolicy(policy)
            .UseEngine(context => new ClassifierEngine([DefaultModels.Nsfw], DefaultModels.Taxonomy, new ClassifierEngineOptions(), context)));
    }

    private static async Task MeasureAsync(NodePeer peer, IImageGuardrail guardrail, string how, string[][] orders, TextWriter output)
    {
        var sums = new (Lap Theirs, Lap Ours)[s_modes.Length];
        foreach (string[] files in orders)
        {
            var theirs = s_modes.Select(_ => new List<Lap>()).ToArray();
            var ours = new List<Lap>();
            for (int round = -1; round < Rounds; round++)
            {
                for (int mode = 0; mode < s_modes.Length; mode++)
                {
                    Lap lap = (await peer.ClassifyAsync(s_modes[mode], files).ConfigureAwait(false)).Lap / files.Length;
                    Lap again = await CheckAsync(guardrail, files).ConfigureAwait(false);
                    if (round >= 0)
                    {
                        theirs[mode].Add(lap);
                        ours.Add(again);
                    }
                }
            }

            for (int mode = 0; mode < s_modes.Length; mode++)
            {
                (Lap Theirs, Lap Ours) row = (Lap.Median(theirs[mode]), Lap.Median(ours));
                sums[mode] = (sums[mode].Theirs + row.Theirs, sums[mode].Ours + row.Ours);
                output.WriteLine(Row(how, Path.GetFileNameWithoutExtension(files[0]), s_modes[mode], row.Theirs, row.Ours));
            }
        }

        for (int mode = 0; mode < s_modes.Length; mode++)
        {
            output.WriteLine(Row(how, "**all**", s_modes[mode], sums[mode].Theirs, sums[mode].Ours));
        }
    }

    /// <summary>One file by itself, several as a stream.</summary>
    private static async Task<Lap> CheckAsync(IImageGuardrail guardrail, string[] files)
    {
        var clock = Stopclock.Start();
        if (files is [string file])
        {
            Require(await guardrail.CheckAsync(ImageSource.FromFile(file)).ConfigureAwait(false));
        }
        else
        {
            await foreach (GuardrailResult result in guardrail.CheckManyAsync(files.Select(ImageSource.FromFile).ToAsyncEnumerable()).ConfigureAwait(false))
            {
                Require(result);
            }
        }

        return clock.Stop() / files.Length;
    }

    private static void Require(GuardrailResult result)
    {
        if (result.Failure is { } failure)
        {
            throw new InvalidOperationException($"The image could not be judged: {failure.Message}");
        }
    }

    private static string Row(string how, string name, string mode, Lap theirs, Lap ours) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {how} | {name} | {mode} | {theirs.Wall:0.0} | {ours.Wall:0.0} | {theirs.Wall / ours.Wall:0.0} | {theirs.Processor:0.0} | {ours.Processor:0.0} | {theirs.Processor / ours.Processor:0.0} |");
}

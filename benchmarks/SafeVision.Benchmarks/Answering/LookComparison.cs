using System.Globalization;
using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.VisionLanguage;

namespace SafeVision.Benchmarks.Answering;

/// <summary>
/// One look first, against all tiles always, on images of VisionHarm-S's test split and the nine categories: the ratio of time,
/// image by image and in turns, and what it changes in the verdicts. A model that was trained for the policy is needed for the
/// verdicts to mean anything.
/// </summary>
internal static class LookComparison
{
    private const int ImageSize = 1024;
    private const int FewestTiles = 4; // of fewer a square image gets one alone

    public static async Task RunAsync(AnswerOptions options, TextWriter output)
    {
        options = options with { Tiles = Math.Max(FewestTiles, options.Tiles) };
        using var sessions = new SessionCache();
        var context = new EngineContext(sessions, new ExecutionOptions { Threads = options.Threads }.Validate());
        SafetyPolicy policy = SymbolBenchmark.Nine;

        // Another number of sequences keeps the two from sharing what they have computed; the weights they share.
        await using var all = new VisionLanguageEngine(options.Folder, Options(options, looksOnce: false, sequences: 1), context);
        await using var once = new VisionLanguageEngine(options.Folder, Options(options, looksOnce: true, sequences: 2), context);
        await using ICompiledPolicy allTiles = await all.CompileAsync(policy, CancellationToken.None).ConfigureAwait(false);
        await using ICompiledPolicy oneFirst = await once.CompileAsync(policy, CancellationToken.None).ConfigureAwait(false);
        var looks = new List<Look>();
        var images = SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = options.Count, Split = DatasetSplit.Test, ImageSize = ImageSize });
        foreach (SymbolImage image in images.Draw())
        {
            using DecodedImage decoded = await new SkiaImageDecoder().DecodeAsync(
                ImageSource.FromBytes(image.Png), new ImageDecodeOptions { TargetShortSide = allTiles.ShortSide }, CancellationToken.None).ConfigureAwait(false);
            bool isHarmful = image.Sample.Labels.Any(label => policy.Categories.Any(category => category.Id.Equals(label, StringComparison.OrdinalIgnoreCase)));
            (bool firstIsAll, Lap[] laps, Decision[] verdicts, bool atOnce) = (looks.Count % 2 == 0, new Lap[2], new Decision[2], false);
            for (int turn = 0; turn < 2; turn++)
            {
                bool takesAll = firstIsAll == (turn == 0);
                var clock = Stopclock.Start();
                FrameAssessment assessment = (await (takesAll ? allTiles : oneFirst).AssessAsync(decoded.Frames, AssessOptions.Default, CancellationToken.None).ConfigureAwait(false))[0];
                laps[takesAll ? 0 : 1] = clock.Stop();
                verdicts[takesAll ? 0 : 1] = Verdict(policy, assessment);
                atOnce |= !takesAll && assessment.Categories.Any(category => category.Reason.StartsWith("At a first look", StringComparison.Ordinal));
            }

            looks.Add(new Look(isHarmful, laps[0], laps[1], verdicts[0], verdicts[1], atOnce));
        }

        Report(options, looks, output);
    }

    private static VisionLanguageEngineOptions Options(AnswerOptions options, bool looksOnce, int sequences) =>
        new() { Mode = VisionLanguageMode.Fast, MaximumTiles = options.Tiles, LooksOnceFirst = looksOnce, Sequences = sequences };

    /// <summary>What the policy makes of the scores.</summary>
    public static Decision Verdict(SafetyPolicy policy, FrameAssessment assessment) => policy.Categories.Zip(assessment.Categories)
        .Min(pair => pair.Second.Score is not { } score ? Decision.Allow : score >= pair.First.BlockAt ? Decision.Block : score >= pair.First.ReviewAt ? Decision.Review : Decision.Allow);

    private static void Report(AnswerOptions options, List<Look> looks, TextWriter output)
    {
        Line($"{Path.GetFileName(options.Folder)}, {options.Threads} threads, at most {options.Tiles} tiles; {looks.Count} images of VisionHarm-S (test, {ImageSize} pixels), nine categories, fast mode.");
        Line($"Settled at a first look: {Share(looks, look => look.AtOnce):P1}. The same verdict as with all tiles: {Share(looks, look => look.All == look.Once):P1}.");
        Ratio("all images", looks);
        Ratio("settled at a first look", [.. looks.Where(look => look.AtOnce)]);
        Ratio("looked at again", [.. looks.Where(look => !look.AtOnce)]);
        List<Look> harmful = [.. looks.Where(look => look.IsHarmful)], harmless = [.. looks.Where(look => !look.IsHarmful)];
        Line($"Harmful images to a person or blocked: {Share(harmful, look => look.Once < Decision.Allow):P1}, with all tiles {Share(harmful, look => look.All < Decision.Allow):P1} ({harmful.Count} images).");
        Line($"Harmless images to a person or blocked: {Share(harmless, look => look.Once < Decision.Allow):P1}, with all tiles {Share(harmless, look => look.All < Decision.Allow):P1} ({harmless.Count} images).");

        void Ratio(string which, List<Look> some)
        {
            if (some.Count > 0)
            {
                (double wall, double processor) = (some.Sum(look => look.OnceLap.Wall) / some.Sum(look => look.AllLap.Wall), some.Sum(look => look.OnceLap.Processor) / some.Sum(look => look.AllLap.Processor));
                Line($"Time against all tiles, {which} ({some.Count}): {wall:0.00} (of processor time {processor:0.00}).");
            }
        }

        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }

    private static double Share(List<Look> looks, Func<Look, bool> which) => looks.Count == 0 ? 0 : looks.Count(which) / (double)looks.Count;

    private sealed record Look(bool IsHarmful, Lap AllLap, Lap OnceLap, Decision All, Decision Once, bool AtOnce);
}

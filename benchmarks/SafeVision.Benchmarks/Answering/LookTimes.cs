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
/// What an image costs that is clear at a first look, and one that is not, over all tiles at once by another form of the same
/// model: thresholds make it so, and an image that random weights are of another mind about is not counted. Images are twice as
/// wide as high, which is two tiles and the thumbnail; none comes twice, and the three take turns.
/// </summary>
internal static class LookTimes
{
    private const int Side = 1024;
    private const int MostTries = 3; // for each image that counts

    public static async Task RunAsync(AnswerOptions options, string against, TextWriter output)
    {
        using var sessions = new SessionCache();
        var context = new EngineContext(sessions, new ExecutionOptions { Threads = options.Threads }.Validate());
        await using var first = new VisionLanguageEngine(options.Folder, Options(options, looksOnce: true), context);
        await using var all = new VisionLanguageEngine(against, Options(options, looksOnce: false), context);

        // Settled for harm wherever one category has more than half of what there is to give, or never.
        await using ICompiledPolicy clear = await first.CompileAsync(Thresholds(review: 1e-9, block: 1e-9), CancellationToken.None).ConfigureAwait(false);
        await using ICompiledPolicy unsure = await first.CompileAsync(Thresholds(review: 1e-9, block: 1), CancellationToken.None).ConfigureAwait(false);
        await using ICompiledPolicy whole = await all.CompileAsync(Thresholds(review: 0.5, block: 0.8), CancellationToken.None).ConfigureAwait(false);
        ICompiledPolicy[] turns = [whole, clear, unsure];
        List<Lap>[] laps = [[], [], []];
        long[] tokens = new long[3];
        int number = 0;
        foreach (SymbolImage image in SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = 3 * ((MostTries * options.Rounds) + 1), Split = DatasetSplit.Test, ImageSize = Side }).Draw())
        {
            int turn = number++ % 3;
            if (laps[turn].Count == options.Rounds)
            {
                continue;
            }

            using DecodedImage decoded = await WideAsync(image).ConfigureAwait(false);
            var clock = Stopclock.Start();
            FrameAssessment assessment = (await turns[turn].AssessAsync(decoded.Frames, AssessOptions.Default, CancellationToken.None).ConfigureAwait(false))[0];
            Lap lap = clock.Stop();
            tokens[turn] = assessment.Usage?.Prompt ?? 0;
            bool atOnce = assessment.Categories.Any(category => category.Reason.StartsWith("At a first look", StringComparison.Ordinal));
            if (number > 3 && atOnce == (turn == 1)) // the first three warm up
            {
                laps[turn].Add(lap);
            }
        }

        if (tokens[2] <= tokens[0])
        {
            throw new InvalidOperationException($"At most {options.Tiles} tiles leave nothing to look at a second time; raise --tiles.");
        }

        Lap[] middle = [.. laps.Select(some => some.Count == 0 ? default : Lap.Median(some))];
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(options.Folder)} over {Path.GetFileName(against)} with all tiles, {options.Threads} threads, at most {options.Tiles} tiles and the thumbnail, three categories, fast mode; medians of {options.Rounds} images each."));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"All tiles at once: {tokens[0]} tokens, {middle[0].Wall:0} ms (processor {middle[0].Processor:0})."));
        Row("Clear at a first look", 1);
        Row("Looked at again", 2);

        void Row(string what, int turn) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what} ({laps[turn].Count} of {options.Rounds}): {tokens[turn]} tokens, {middle[turn].Wall:0} ms, {middle[turn].Wall / middle[0].Wall:0.00} of that (of processor time {middle[turn].Processor / middle[0].Processor:0.00})."));
    }

    /// <summary>The upper half of a drawn image.</summary>
    private static async Task<DecodedImage> WideAsync(SymbolImage image)
    {
        using DecodedImage square = await new SkiaImageDecoder().DecodeAsync(ImageSource.FromBytes(image.Png), new ImageDecodeOptions(), CancellationToken.None).ConfigureAwait(false);
        return DecodedImage.FromPixels(new ImagePixels(square.Frames[0].Pixels.ToArray(), Side, Side / 2, PixelFormat.Rgb24), new ImageDecodeOptions());
    }

    private static VisionLanguageEngineOptions Options(AnswerOptions options, bool looksOnce) =>
        new() { Mode = VisionLanguageMode.Fast, MaximumTiles = options.Tiles, LooksOnceFirst = looksOnce };

    // One long category, for the small tokenizer of a made checkpoint cuts words into more tokens than a real one, and two short ones.
    private static SafetyPolicy Thresholds(double review, double block) => SafetyPolicy.Define("looks", "1").ReviewAt(review).BlockAt(block)
        .Category(HarmCategory.Sexual).Category("Dogs", category => category.Includes("dogs")).Category("Cats", category => category.Includes("cats")).Build();
}

using System.Globalization;
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
/// model: thresholds decide which it is, so that random weights do. No image comes twice, and the three take turns.
/// </summary>
internal static class LookTimes
{
    private const int ImageSize = 1024; // so that there are tiles at all

    public static async Task RunAsync(AnswerOptions options, string against, TextWriter output)
    {
        using var sessions = new SessionCache();
        var context = new EngineContext(sessions, new ExecutionOptions { Threads = options.Threads }.Validate());
        await using var first = new VisionLanguageEngine(options.Folder, Options(options, looksOnce: true), context);
        await using var all = new VisionLanguageEngine(against, Options(options, looksOnce: false), context);
        await using ICompiledPolicy unsure = await first.CompileAsync(Thresholds(review: 1e-9, block: 1), CancellationToken.None).ConfigureAwait(false);
        await using ICompiledPolicy whole = await all.CompileAsync(Thresholds(review: 0.5, block: 0.8), CancellationToken.None).ConfigureAwait(false);
        List<Lap>[] laps = [[], [], []];
        int[] atOnce = new int[3];
        int number = 0;
        SymbolImage[] images = [.. SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = 1 + (3 * (options.Rounds + 1)), Split = DatasetSplit.Test, ImageSize = ImageSize }).Draw()];
        bool isHarmful = await IsHarmfulAsync(unsure, images[0]).ConfigureAwait(false);
        await using ICompiledPolicy clear = await first.CompileAsync(isHarmful ? Thresholds(review: 1e-9, block: 1e-9) : Thresholds(review: 1, block: 1), CancellationToken.None).ConfigureAwait(false);
        ICompiledPolicy[] turns = [whole, clear, unsure];
        foreach (SymbolImage image in images.Skip(1))
        {
            int turn = number % 3;
            using DecodedImage decoded = await DecodeAsync(whole, image).ConfigureAwait(false);
            var clock = Stopclock.Start();
            IReadOnlyList<Assessments.FrameAssessment> assessments = await turns[turn].AssessAsync(decoded.Frames, AssessOptions.Default, CancellationToken.None).ConfigureAwait(false);
            Lap lap = clock.Stop();
            if (number++ >= 3) // the first three warm up
            {
                laps[turn].Add(lap);
                atOnce[turn] += assessments[0].Categories.Any(category => category.Reason.StartsWith("At a first look", StringComparison.Ordinal)) ? 1 : 0;
            }
        }

        Lap[] middle = [.. laps.Select(some => Lap.Median(some))];
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(options.Folder)} over {Path.GetFileName(against)} with all tiles, {options.Threads} threads, at most {options.Tiles} tiles and the thumbnail, three categories, fast mode; medians of {options.Rounds} images each."));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"All tiles at once: {middle[0].Wall:0} ms (processor {middle[0].Processor:0})."));
        Row("Clear at a first look", 1);
        Row("Looked at again", 2);

        void Row(string what, int turn) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what} ({(turn == 1 ? atOnce[turn] : options.Rounds - atOnce[turn])} of {options.Rounds}): {middle[turn].Wall:0} ms, {middle[turn].Wall / middle[0].Wall:0.00} of that (of processor time {middle[turn].Processor / middle[0].Processor:0.00})."));
    }

    /// <summary>What random weights say of most images, which decides what is clear to them.</summary>
    private static async Task<bool> IsHarmfulAsync(ICompiledPolicy policy, SymbolImage image)
    {
        using DecodedImage decoded = await DecodeAsync(policy, image).ConfigureAwait(false);
        return (await policy.AssessAsync(decoded.Frames, AssessOptions.Default, CancellationToken.None).ConfigureAwait(false))[0].Categories.Max(category => category.Score) > 0.5;
    }

    private static ValueTask<DecodedImage> DecodeAsync(ICompiledPolicy policy, SymbolImage image) =>
        new SkiaImageDecoder().DecodeAsync(ImageSource.FromBytes(image.Png), new ImageDecodeOptions { TargetShortSide = policy.ShortSide }, CancellationToken.None);

    private static VisionLanguageEngineOptions Options(AnswerOptions options, bool looksOnce) =>
        new() { Mode = VisionLanguageMode.Fast, MaximumTiles = options.Tiles, LooksOnceFirst = looksOnce };

    // One long category, for the small tokenizer of a made checkpoint cuts words into more tokens than a real one, and two short
    // ones, so that random weights don't waver between one answer and another.
    private static SafetyPolicy Thresholds(double review, double block) => SafetyPolicy.Define("looks", "1").ReviewAt(review).BlockAt(block)
        .Category(HarmCategory.Sexual).Category("Dogs", category => category.Includes("dogs")).Category("Cats", category => category.Includes("cats")).Build();
}

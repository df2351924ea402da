using System.Buffers;
using System.Globalization;
using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.VisionLanguage;

namespace SafeVision.Benchmarks.Answering;

/// <summary>Fast mode through the whole engine, from pixels to scores: against the bare runs, and with a second policy on the same picture.</summary>
internal static class PolicyComparison
{
    public static async Task RunAsync(AnswerOptions options, EngineContext context, ImageFrame frame, Question question, BareAnswers bare, TextWriter output)
    {
        await using var engine = new VisionLanguageEngine(options.Folder, new() { Mode = VisionLanguageMode.Fast, MaximumTiles = options.Tiles }, context);
        await using ICompiledPolicy first = await engine.CompileAsync(Policies.First, CancellationToken.None).ConfigureAwait(false);
        await using ICompiledPolicy second = await engine.CompileAsync(Policies.Second, CancellationToken.None).ConfigureAwait(false);
        var whole = new List<Lap>();
        var again = new List<Lap>();
        var alone = new List<Lap>();
        var usage = (First: new TokenUsage(0, 0, 0), Second: new TokenUsage(0, 0, 0));
        for (int round = 0; round < options.Rounds; round++)
        {
            using DecodedImage picture = Another(frame, round); // nothing to warm up: the sessions have run by now
            var clock = Stopclock.Start();
            usage.First = await AssessAsync(first, picture.Frames).ConfigureAwait(false);
            whole.Add(clock.Stop());
            clock = Stopclock.Start();
            usage.Second = await AssessAsync(second, picture.Frames).ConfigureAwait(false);
            again.Add(clock.Stop());
            alone.Add(bare.Look(question) + bare.Read(usage.First.Prompt));
        }

        (Lap one, Lap other, Lap prefill) = (Lap.Median(whole), Lap.Median(again), Lap.Median(alone));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Fast mode from pixels to scores, {usage.First.Prompt} tokens: {one.Wall:0} ms; the runs of one prefill alone {prefill.Wall:0} ms, so {(one.Wall / prefill.Wall) - 1:P1} more (of processor time {(one.Processor / prefill.Processor) - 1:P1})."));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Another policy on the same picture, {usage.Second.Prompt} tokens, {usage.Second.HitRate:P1} of them remembered: {other.Wall:0} ms, {other.Wall / one.Wall:P1} of the first (of processor time {other.Processor / one.Processor:P1})."));
    }

    private static async Task<TokenUsage> AssessAsync(ICompiledPolicy policy, IReadOnlyList<ImageFrame> frames)
    {
        IReadOnlyList<FrameAssessment> assessments = await policy.AssessAsync(frames, AssessOptions.Default, CancellationToken.None).ConfigureAwait(false);
        return assessments[0].Usage!;
    }

    /// <summary>A picture that was not seen before: it differs in one pixel.</summary>
    private static DecodedImage Another(ImageFrame frame, int number)
    {
        byte[] pixels = frame.Pixels.ToArray();
        pixels[number] ^= 1;
        var copy = new ImageFrame(0, TimeSpan.Zero, frame.Width, frame.Height, new Pixels(pixels));
        return new DecodedImage(ImageFormat.Png, frame.Width, frame.Height, 1, [copy]);
    }

    private sealed class Pixels(byte[] pixels) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => pixels;

        public void Dispose()
        {
        }
    }
}

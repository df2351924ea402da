using System.Globalization;
using System.Text.Json;
using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Evaluation.Metrics;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.VisionLanguage;

namespace SafeVision.Benchmarks.Answering;

/// <summary>
/// What a first look loses in verdicts: the test images of a training dataset, each under its policies, with all tiles and with
/// looking once first, and what other limits of "clear" would have lost.
/// </summary>
internal static class LookVerdicts
{
    private static readonly string[] s_ways = ["all tiles", "one tile", "one tile first"];

    public static async Task RunAsync(AnswerOptions options, string data, TextWriter output)
    {
        using var sessions = new SessionCache();
        var context = new EngineContext(sessions, new ExecutionOptions { Threads = options.Threads }.Validate());

        // Another number of sequences keeps them from sharing what they have computed; the weights they share.
        await using var all = new VisionLanguageEngine(options.Folder, new() { Mode = VisionLanguageMode.Fast, Sequences = 1 }, context);
        await using var one = new VisionLanguageEngine(options.Folder, new() { Mode = VisionLanguageMode.Fast, Sequences = 2, MaximumTiles = 1 }, context);
        await using var once = new VisionLanguageEngine(options.Folder, new() { Mode = VisionLanguageMode.Fast, Sequences = 3, LooksOnceFirst = true }, context);
        var looks = new List<Look>();
        foreach (string line in File.ReadLines(Path.Combine(data, "samples.jsonl")))
        {
            using JsonDocument sample = JsonDocument.Parse(line);
            JsonElement root = sample.RootElement;
            if (root.GetProperty("split").GetString() != "test" || !root.TryGetProperty("policy", out JsonElement file) || file.ValueKind != JsonValueKind.String)
            {
                continue;
            }

            SafetyPolicy policy = SafetyPolicy.FromFile(Path.Combine(data, "policies", file.GetString()!));
            using DecodedImage decoded = await new SkiaImageDecoder().DecodeAsync(
                ImageSource.FromFile(Path.Combine(data, root.GetProperty("image").GetString()!)), new ImageDecodeOptions(), CancellationToken.None).ConfigureAwait(false);
            FrameAssessment[] answers = [await JudgeAsync(all).ConfigureAwait(false), await JudgeAsync(one).ConfigureAwait(false), await JudgeAsync(once).ConfigureAwait(false)];
            bool isHarmful = root.TryGetProperty("category", out JsonElement category) && category.ValueKind == JsonValueKind.String;
            looks.Add(new Look(
                isHarmful, [.. answers.Select(answer => answer.Categories.Max(assessed => assessed.Score ?? 0))], [.. answers.Select(answer => LookComparison.Verdict(policy, answer))],
                Clear(policy, answers[1]), answers[2].Categories.Any(assessed => assessed.Reason.StartsWith("At a first look", StringComparison.Ordinal))));

            async Task<FrameAssessment> JudgeAsync(VisionLanguageEngine engine)
            {
                await using ICompiledPolicy compiled = await engine.CompileAsync(policy, CancellationToken.None).ConfigureAwait(false);
                return (await compiled.AssessAsync(decoded.Frames, AssessOptions.Default, CancellationToken.None).ConfigureAwait(false))[0];
            }
        }

        Report(options, looks, output);
    }

    /// <summary>The largest score by its review threshold: at 1 a person would look.</summary>
    private static double Clear(SafetyPolicy policy, FrameAssessment assessment) =>
        policy.Categories.Zip(assessment.Categories).Max(pair => (pair.Second.Score ?? 0) / pair.First.ReviewAt);

    private static void Report(AnswerOptions options, List<Look> looks, TextWriter output)
    {
        int harmful = looks.Count(look => look.IsHarmful);
        Line($"{Path.GetFileName(options.Folder)}: {looks.Count} questions about test images, {harmful} of them under a policy that forbids something there; fast mode.");
        Line($"");
        Line($"| | ROC-AUC | violations to a person or blocked | blocked | harmless ones to a person or blocked | the verdict of all tiles | settled at a first look |");
        Line($"|---|--:|--:|--:|--:|--:|--:|");
        foreach ((int i, string name) in s_ways.Index())
        {
            double? area = RankedSamples.From([.. looks.Select(look => look.IsHarmful)], [.. looks.Select(look => look.Scores[i])]).RocAuc([]);
            Line($"| {name} | {area:0.000} | {Of(look => look.IsHarmful && look.Verdicts[i] < Decision.Allow, harmful)} | {Of(look => look.IsHarmful && look.Verdicts[i] == Decision.Block, harmful)} | {Of(look => !look.IsHarmful && look.Verdicts[i] < Decision.Allow, looks.Count - harmful)} | {Of(look => look.Verdicts[i] == look.Verdicts[0], looks.Count)} | {(i == 2 ? Of(look => look.AtOnce, looks.Count) : "")} |");
        }

        // What is safe at a glance is where violations are lost: the limit by which a first look may call an image clean.
        Line($"");
        Line($"| clean at a first look up to this part of the review threshold | clean at once | violations lost that all tiles find | wrong alarms saved |");
        Line($"|--:|--:|--:|--:|");
        foreach (double limit in (double[])[0.5, 0.4, 0.3, 0.2, 0.1])
        {
            Line($"| {limit} | {Of(look => look.Clear <= limit, looks.Count)} | {Of(look => look.IsHarmful && look.Clear <= limit && look.Verdicts[0] < Decision.Allow, harmful)} | {Of(look => !look.IsHarmful && look.Clear <= limit && look.Verdicts[0] < Decision.Allow, looks.Count - harmful)} |");
        }

        string Of(Func<Look, bool> which, int all) => string.Create(CultureInfo.InvariantCulture, $"{looks.Count(which)} of {all} ({100.0 * looks.Count(which) / Math.Max(1, all):0.0} %)");
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Scores and verdicts with all tiles, with one, and with one first.</summary>
    private sealed record Look(bool IsHarmful, double[] Scores, Decision[] Verdicts, double Clear, bool AtOnce);
}

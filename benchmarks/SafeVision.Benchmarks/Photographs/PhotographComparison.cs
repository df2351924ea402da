using System.Globalization;
using SafeVision.Assessments;
using SafeVision.Engines.ClosedSet;
using SafeVision.Models;
using SafeVision.Policies;
using SkiaSharp;

namespace SafeVision.Benchmarks.Photographs;

/// <summary>
/// What the default models find in photographs whose class is known, and what they flag wrongly: a folder of files named like
/// <c>n02099601_golden_retriever.JPEG</c>, such as the repository EliSchwartz/imagenet-sample-images has, one of each class of
/// ImageNet. The truth of a category is the set of labels that its words mean, so that network and views are measured and the
/// reading of words is not.
/// </summary>
internal static class PhotographComparison
{
    private static readonly (string Id, string[] Includes, string[] Excludes)[] s_words =
    [
        ("dogs", ["dogs"], []),
        ("cats", ["cats", "felines"], ["big cats", "lynx", "cougar"]),
        ("birds", ["birds"], []),
        ("firearms", ["firearms"], []),
        ("vehicles", ["vehicles"], []),
    ];

    private static readonly (string Id, string[] Includes, string[] Excludes)[] s_everyday =
    [
        ("shop", ["firearms", "knives shown as weapons", "explosives"], ["kitchen knives"]),
        ("school", ["weapons", "alcohol", "tobacco", "slot machines"], ["toy guns"]),
        ("flat", ["dogs", "cats"], ["poodles"]),
        ("calm", ["spiders", "snakes", "scorpions"], []),
        ("street", ["cars", "motorcycles", "trucks"], ["ambulances", "fire engines"]),
    ];

    public static async Task RunAsync(string folder, ViewPlan plan, TextWriter output)
    {
        var options = new ClassifierEngineOptions { Views = plan };
        string[] files = [.. Directory.GetFiles(folder, "n*_*.*").Order(StringComparer.Ordinal)];
        int[] classes = Classes([.. files.Select(file => Path.GetFileNameWithoutExtension(file))]);
        var everything = SafetyPolicy.Define("photographs", "1");
        foreach ((string id, string[] includes, string[] excludes) in s_words.Concat(s_everyday))
        {
            everything = everything.Category(id, category => category.Includes(includes).Excludes(excludes));
        }

        SafetyPolicy policy = everything.Category(HarmCategory.Sexual).Build();
        HashSet<int>[] truth = [.. DefaultModels.CoverageOf(policy).Select(Labels)];
        var findings = new List<IReadOnlyList<Finding>>();
        await using (IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels(options)))
        {
            foreach (string file in files)
            {
                GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromFile(file)).ConfigureAwait(false);
                findings.Add(result.Failure is null ? result.Findings : throw new InvalidOperationException($"{file}: {result.Failure.Message}"));
            }
        }

        await output.WriteLineAsync($"{files.Length} photographs. Flagged: review or block.\n\n| words | found | wrongly flagged | recall | precision | blocked | wrongly blocked |\n|---|---|---|---|---|---|---|").ConfigureAwait(false);
        for (int category = 0; category < s_words.Length + s_everyday.Length; category++)
        {
            await output.WriteLineAsync(Row(category, [.. findings.Select(all => all[category].Decision)], classes, truth[category])).ConfigureAwait(false);
        }

        await output.WriteLineAsync("\nWrongly flagged:").ConfigureAwait(false);
        foreach ((int image, IReadOnlyList<Finding> all) in findings.Index())
        {
            foreach (int category in Enumerable.Range(0, s_words.Length).Where(category => all[category].Decision != Decision.Allow && !truth[category].Contains(classes[image])))
            {
                await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {s_words[category].Id}: {Path.GetFileName(files[image])} {all[category].Decision} {all[category].Score:0.00} {all[category].Reason}")).ConfigureAwait(false);
            }
        }

        int[] everyday = [.. Enumerable.Range(s_words.Length, s_everyday.Length)];
        int wrong = everyday.Sum(category => findings.Index().Count(image => image.Item[category].Decision == Decision.Block && !truth[category].Contains(classes[image.Index])));
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"\nFive everyday policies: {wrong} wrong blocks in {files.Length * everyday.Length} judgements ({100.0 * wrong / (files.Length * everyday.Length):0.00} %).")).ConfigureAwait(false);
        Finding[] sexual = [.. findings.Select(all => all[^1])];
        await output.WriteLineAsync($"Sexual at its default thresholds: {sexual.Count(finding => finding.Decision == Decision.Block)} blocked, {sexual.Count(finding => finding.Decision == Decision.Review)} reviewed.").ConfigureAwait(false);
        foreach ((int image, Finding finding) in sexual.Index().Where(entry => entry.Item.Decision != Decision.Allow))
        {
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {Path.GetFileName(files[image])} {finding.Decision} {finding.Score:0.00} {finding.Reason}")).ConfigureAwait(false);
        }

        await output.WriteLineAsync(await SmallAsync(policy, options, files, classes, truth).ConfigureAwait(false)).ConfigureAwait(false);
        int faint = findings.SelectMany(all => all).Count(finding => finding.Decision == Decision.Block && finding.Evidence.Probability < 0.2);
        await output.WriteLineAsync($"Blocks on less than a fifth of the probability mass: {faint}.").ConfigureAwait(false);
    }

    /// <summary>How often a thing is found that fills a ninth of an image, in the corner of another photograph that shows nothing of any category.</summary>
    private static async Task<string> SmallAsync(SafetyPolicy policy, ClassifierEngineOptions options, string[] files, int[] classes, HashSet<int>[] truth)
    {
        int[] grounds = [.. Enumerable.Range(0, files.Length).Where(file => !truth.Any(labels => labels.Contains(classes[file])))];
        int all = 0, found = 0;
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels(options));
        foreach (int category in Enumerable.Range(0, s_words.Length))
        {
            foreach (int file in Enumerable.Range(0, files.Length).Where(file => truth[category].Contains(classes[file])))
            {
                byte[] image = Inset(files[file], files[grounds[(file * 7) % grounds.Length]], file % 4);
                GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromBytes(image)).ConfigureAwait(false);
                all++;
                found += result.Findings[category].Decision != Decision.Allow ? 1 : 0;
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"A ninth of another image: {found} of {all} found ({(double)found / all:0.000}).");
    }

    private static byte[] Inset(string file, string ground, int corner)
    {
        using SKBitmap small = SKBitmap.Decode(file), large = SKBitmap.Decode(ground);
        using var image = new SKBitmap(new SKImageInfo(600, 600, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (var canvas = new SKCanvas(image))
        {
            canvas.DrawBitmap(large, new SKRect(0, 0, 600, 600), new SKSamplingOptions(SKCubicResampler.Mitchell));
            (int x, int y) = (20 + (360 * (corner & 1)), 20 + (360 * (corner >> 1)));
            canvas.DrawBitmap(small, new SKRect(x, y, x + 200, y + 200), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        }

        using SKData encoded = image.Encode(SKEncodedImageFormat.Jpeg, 90);
        return encoded.ToArray();
    }

    private static string Row(int category, Decision[] decisions, int[] classes, HashSet<int> truth)
    {
        (string id, _, string[] excludes) = s_words.Concat(s_everyday).ElementAt(category);
        bool[] isTrue = [.. classes.Select(truth.Contains)];
        int all = isTrue.Count(value => value);
        int Count(bool right, Func<Decision, bool> wanted) => decisions.Index().Count(entry => isTrue[entry.Index] == right && wanted(entry.Item));
        int found = Count(true, decision => decision != Decision.Allow), wrong = Count(false, decision => decision != Decision.Allow);
        return string.Create(CultureInfo.InvariantCulture,
            $"| {id}{(excludes.Length > 0 ? " (except …)" : "")} | {found} of {all} | {wrong} of {decisions.Length - all} | {(double)found / Math.Max(1, all):0.000} | {(double)found / Math.Max(1, found + wrong):0.000} | {Count(true, decision => decision == Decision.Block)} | {Count(false, decision => decision == Decision.Block)} |");
    }

    /// <summary>The classes that a category means: its includes less its excludes.</summary>
    private static HashSet<int> Labels(CategoryCoverage coverage)
    {
        HashSet<int> included = Of(PhraseRole.Include), excluded = Of(PhraseRole.Exclude);
        included.ExceptWith(excluded);
        return included;

        HashSet<int> Of(PhraseRole role) => [.. coverage.Phrases.Where(phrase => phrase.Role == role).SelectMany(phrase => phrase.Labels)
            .Where(label => label.StartsWith("imagenet:", StringComparison.Ordinal))
            .Select(label => int.Parse(label["imagenet:".Length..label.IndexOf(' ', StringComparison.Ordinal)], CultureInfo.InvariantCulture))];
    }

    /// <summary>The class of each file by its name; of classes of one name, such as the two cranes, in the order of their ids.</summary>
    private static int[] Classes(string[] names)
    {
        ILookup<string, int> known = DefaultModels.Objects.Manifest.Labels.Index().ToLookup(label => Plain(label.Item.Split(", ")[0]), label => label.Index);
        var used = new Dictionary<string, int>();
        return [.. names.Select(name =>
        {
            string plain = Plain(name[(name.IndexOf('_', StringComparison.Ordinal) + 1)..]);
            int place = used[plain] = used.GetValueOrDefault(plain, -1) + 1;
            return known[plain].Any() ? known[plain].ElementAt(Math.Min(place, known[plain].Count() - 1)) : throw new InvalidOperationException($"'{name}' names no class of ImageNet.");
        })];
    }

    private static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToLowerInvariant();
}

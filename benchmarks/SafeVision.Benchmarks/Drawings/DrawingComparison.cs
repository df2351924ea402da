using System.Globalization;
using SafeVision.Engines.ClosedSet;
using SafeVision.Engines.ClosedSet.Taxonomy;
using SafeVision.Evaluation;
using SafeVision.Evaluation.Metrics;
using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Models;
using SafeVision.Policies;
using SkiaSharp;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>
/// How well the default models rank single drawings of a hand that the head for drawings was not fitted to, under categories
/// in plain words, with the head and without it. The truth is what the taxonomy says of the icons' names.
/// </summary>
internal static class DrawingComparison
{
    /// <summary>A category that fewer icons show says nothing.</summary>
    private const int LeastShown = 4;

    private static readonly string[] s_words =
    [
        "dogs", "cats", "birds", "fish", "insects", "vehicles", "boats, ships", "aircraft", "musical instruments", "tools", "weapons", "alcohol", "fruit",
        "vegetables", "flowers", "furniture", "clothing", "hats", "buildings", "computers", "telephones", "food", "balls", "money", "clocks", "books",
    ];

    /// <param name="files">The icons.json of sets of your own; none: the drawings of Noto Emoji and Healthicons in the repository.</param>
    /// <param name="output">Gets the table.</param>
    public static async Task RunAsync(string[] files, TextWriter output)
    {
        SafetyPolicy policy = s_words.Index().Aggregate(
            SafetyPolicy.Define("drawings", "1"), (builder, word) => builder.Category($"c{word.Index}", category => category.Includes(word.Item.Split(", ")))).Build();
        KnownLabels names = WordTaxonomy.Load(DefaultModels.Taxonomy).Sets["symbols"];
        HashSet<int>[] truth = Truth(policy, names);
        IconSet[] sets = files.Length == 0 ? [EmbeddedData.ReadSet("noto"), EmbeddedData.ReadSet("healthicons")] : [.. files.Select(IconSetReader.ReadFile)];
        await output.WriteLineAsync("| icon set | drawings | head for drawings | categories | ROC-AUC | AP | flagged: recall | precision | blocked: recall | precision |\n|---|--:|---|--:|--:|--:|--:|--:|--:|--:|").ConfigureAwait(false);
        foreach (IconSet set in sets)
        {
            (int Symbol, byte[] File)[] drawings = [.. Draw(set, names)];
            foreach (bool judges in new[] { false, true })
            {
                await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
                    .UsePolicy(policy).UseDefaultModels(new ClassifierEngineOptions { JudgesDrawings = judges }));
                var findings = new List<IReadOnlyList<Finding>>();
                foreach ((_, byte[] file) in drawings)
                {
                    findings.Add((await guardrail.CheckAsync(ImageSource.FromBytes(file)).ConfigureAwait(false)).Findings);
                }

                await output.WriteLineAsync(Row(set.Name, judges, [.. drawings.Select(drawing => drawing.Symbol)], findings, truth)).ConfigureAwait(false);
            }
        }
    }

    private static string Row(string set, bool judges, int[] symbols, List<IReadOnlyList<Finding>> findings, HashSet<int>[] truth)
    {
        var rocs = new List<double>();
        var precisions = new List<double>();
        (int Shown, int Flagged, int Rightly, int Blocked, int RightlyBlocked) sum = default;
        for (int category = 0; category < truth.Length; category++)
        {
            bool[] isShown = [.. symbols.Select(truth[category].Contains)];
            if (isShown.Count(value => value) < LeastShown)
            {
                continue;
            }

            double[] scores = [.. findings.Select(all => all[category].Score ?? 0)];
            var ranked = RankedSamples.From(isShown, scores);
            rocs.Add(ranked.RocAuc([])!.Value);
            precisions.Add(ranked.AveragePrecision([])!.Value);
            for (int i = 0; i < isShown.Length; i++)
            {
                Decision decision = findings[i][category].Score is null ? Decision.Allow : findings[i][category].Decision;
                (bool flagged, bool blocked) = (decision != Decision.Allow, decision == Decision.Block);
                sum = (sum.Shown + One(isShown[i]), sum.Flagged + One(flagged), sum.Rightly + One(flagged && isShown[i]), sum.Blocked + One(blocked), sum.RightlyBlocked + One(blocked && isShown[i]));
            }
        }

        return string.Create(CultureInfo.InvariantCulture,
            $"| {set} | {symbols.Length} | {(judges ? "with" : "without")} | {rocs.Count} | {rocs.Average():0.000} | {precisions.Average():0.000} | {Share(sum.Rightly, sum.Shown)} | {Share(sum.Rightly, sum.Flagged)} | {Share(sum.RightlyBlocked, sum.Shown)} | {Share(sum.RightlyBlocked, sum.Blocked)} |");
    }

    private static int One(bool value) => value ? 1 : 0;

    private static string Share(int part, int whole) => whole == 0 ? "–" : ((double)part / whole).ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>By category, the symbols of the taxonomy that its words mean, whatever labels the head has.</summary>
    private static HashSet<int>[] Truth(SafetyPolicy policy, KnownLabels names)
    {
        WordTaxonomy taxonomy = WordTaxonomy.Load(DefaultModels.Taxonomy);
        LabelSet all = LabelSet.Of(DefaultModels.Drawings.Manifest with { Labels = names.Names }, taxonomy);
        var vocabulary = new Vocabulary(taxonomy, [all]);
        return [.. new PolicyReading(policy, vocabulary, vocabulary, CancellationToken.None).RulesFor(all).Select(rule => rule.Labels.Select(label => label.Label.Index).ToHashSet())];
    }

    private static IEnumerable<(int Symbol, byte[] File)> Draw(IconSet set, KnownLabels names)
    {
        using var canvas = new DrawingCanvas();
        var drawn = new HashSet<int>();
        var places = new Dictionary<string, int>();
        foreach ((int place, string name) in names.Names.Index())
        {
            places.TryAdd(name, place);
        }

        foreach (Icon icon in set.Icons.Values.OrderBy(icon => icon.Id, StringComparer.Ordinal))
        {
            if (places.TryGetValue(icon.Id, out int symbol) && names.Meanings[symbol].Length > 0 && drawn.Add(symbol) && Png(canvas, icon, symbol) is { } file)
            {
                yield return (symbol, file);
            }
        }
    }

    /// <summary>Null: the icon uses what is not drawn here.</summary>
    private static byte[]? Png(DrawingCanvas canvas, Icon icon, int seed)
    {
        try
        {
            ReadOnlySpan<byte> pixels = canvas.Draw(icon, new SeededRandom((ulong)seed), isPlain: true);
            using var image = SKImage.FromPixelCopy(new SKImageInfo(DrawingCanvas.Size, DrawingCanvas.Size, SKColorType.Rgba8888, SKAlphaType.Premul), pixels);
            using SKData file = image.Encode(SKEncodedImageFormat.Png, 100);
            return file.ToArray();
        }
        catch (EvaluationException)
        {
            return null;
        }
    }
}

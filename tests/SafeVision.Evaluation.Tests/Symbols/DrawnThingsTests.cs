using SafeVision.Engines.ClosedSet;
using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Evaluation.Symbols.Scenes;
using SafeVision.Policies;
using SkiaSharp;

namespace SafeVision.Evaluation.Tests.Symbols;

/// <summary>The default models on drawings of a hand that nothing was fitted to.</summary>
public sealed class DrawnThingsTests
{
    private static readonly (string Category, string Phrase, string[] Icons)[] s_things =
    [
        ("drinks", "alcoholic drinks", ["beer-mug", "clinking-beer-mugs", "wine-glass", "cocktail-glass", "tropical-drink", "sake"]),
        ("animals", "animals", ["dog-face", "cat-face", "horse", "elephant", "penguin", "tiger", "rabbit-face", "fish"]),
        ("weapons", "knives and other weapons", ["dagger", "kitchen-knife", "crossed-swords", "bomb", "bow-and-arrow", "axe"]),
        ("religion", "churches, mosques and temples", ["church", "mosque", "synagogue", "hindu-temple", "place-of-worship"]),
        ("vehicles", "vehicles", ["automobile", "bus", "bicycle", "sailboat", "airplane", "ambulance"]),
    ];

    [Fact]
    public async Task Drawn_things_rank_above_other_drawings_under_the_words_that_mean_them_and_less_so_without_the_head()
    {
        double with = await RankingAsync(new ClassifierEngineOptions());
        double without = await RankingAsync(new ClassifierEngineOptions { JudgesDrawings = false });

        Assert.True(with >= 0.93 && with > without, $"A drawn thing ranks above another drawing with probability {with:0.000}; {without:0.000} without the head.");
    }

    /// <summary>The mean over categories of the area under the ROC curve: how often a thing of it scores above one of another.</summary>
    private static async Task<double> RankingAsync(ClassifierEngineOptions options)
    {
        SafetyPolicy policy = s_things.Aggregate(
            SafetyPolicy.Define("things", "1"), (builder, thing) => builder.Category(thing.Category, category => category.Includes(thing.Phrase))).Build();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels(options));
        IconSet noto = EmbeddedData.ReadSet("noto");
        using var painter = new SymbolPainter();
        var drawings = new List<(string Category, IReadOnlyList<Finding> Findings)>();
        foreach ((string category, _, string[] icons) in s_things)
        {
            foreach (string id in icons)
            {
                Assert.True(noto.Icons.TryGetValue(id, out Icon? icon), id);
                GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromBytes(Draw(painter, icon), id));
                drawings.Add((category, result.Findings));
            }
        }

        return s_things.Index().Average(thing =>
        {
            double[] own = Scores(drawing => drawing == thing.Item.Category), others = Scores(drawing => drawing != thing.Item.Category);
            return own.Average(score => others.Average(other => score > other ? 1 : score < other ? 0 : 0.5));

            double[] Scores(Func<string, bool> wanted) => [.. drawings.Where(drawing => wanted(drawing.Category)).Select(drawing => drawing.Findings[thing.Index].Score!.Value)];
        });
    }

    private static byte[] Draw(SymbolPainter painter, Icon icon)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(256, 256, SKColorType.Rgba8888, SKAlphaType.Premul));
        bitmap.Erase(SKColors.White);
        using (var canvas = new SKCanvas(bitmap))
        {
            painter.Draw(canvas, icon, painter.Place(icon, 128, 128, 190, 0, false), color => color.Value);
        }

        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}

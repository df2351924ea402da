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
        ("money", "money and banknotes", ["money-bag", "dollar-banknote", "euro-banknote", "yen-banknote", "coin", "money-with-wings"]),
    ];

    [Fact]
    public async Task Most_drawn_things_score_highest_where_they_belong_and_without_the_head_few_do()
    {
        double with = await ShareInPlaceAsync(new ClassifierEngineOptions());
        double without = await ShareInPlaceAsync(new ClassifierEngineOptions { JudgesDrawings = false });

        Assert.True(with >= 0.75 && with >= without + 0.15, $"{with:0.00} of the drawings score highest in their own category; {without:0.00} without the head.");
    }

    private static async Task<double> ShareInPlaceAsync(ClassifierEngineOptions options)
    {
        SafetyPolicy policy = s_things.Aggregate(
            SafetyPolicy.Define("things", "1"), (builder, thing) => builder.Category(thing.Category, category => category.Includes(thing.Phrase))).Build();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels(options));
        IconSet noto = EmbeddedData.ReadSet("noto");
        using var painter = new SymbolPainter();
        (int count, int inPlace) = (0, 0);
        foreach ((string category, _, string[] icons) in s_things)
        {
            foreach (string id in icons)
            {
                Assert.True(noto.TryGet(id, out Icon? icon), id);
                GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromBytes(Draw(painter, icon), id));
                count++;
                inPlace += result.Findings.MaxBy(finding => finding.Score)!.Category == category ? 1 : 0;
            }
        }

        return (double)inPlace / count;
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

using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Evaluation.Symbols.Scenes;
using SafeVision.Policies;
using SkiaSharp;

namespace SafeVision.Evaluation.Tests.Symbols;

/// <summary>Excludes hold in drawings as they do in photographs.</summary>
public sealed class DrawnExceptionsTests
{
    [Theory]
    [InlineData("dog-face", "animals", "dogs", "birds")]
    [InlineData("penguin", "animals", "birds", "dogs")]
    [InlineData("crossed-swords", "weapons", "swords", "bombs")]
    public async Task A_drawing_of_what_is_excepted_scores_less_and_an_exclude_of_something_else_changes_little(
        string icon, string include, string exclude, string other)
    {
        double plain = await ScoreAsync(icon, include), excepted = await ScoreAsync(icon, include, exclude), kept = await ScoreAsync(icon, include, other);

        Assert.True(excepted <= 0.6 * plain, $"{plain:0.000}, {excepted:0.000} with the exclude");
        Assert.True(kept >= 0.8 * plain, $"{plain:0.000}, {kept:0.000} with another exclude");
    }

    private static async Task<double> ScoreAsync(string id, string include, params string[] excludes)
    {
        SafetyPolicy policy = SafetyPolicy.Define("drawn", "1").Category("own", category => category.Includes(include).Excludes(excludes)).Build();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
        Assert.True(EmbeddedData.ReadSet("noto").Icons.TryGetValue(id, out Icon? icon), id);
        return Assert.Single((await guardrail.CheckAsync(ImageSource.FromBytes(Draw(icon), id))).Findings).Score!.Value;
    }

    private static byte[] Draw(Icon icon)
    {
        using var painter = new SymbolPainter();
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

using SafeVision.Evaluation.Symbols.Catalogue;
using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Evaluation.Symbols.Svg;
using SkiaSharp;

namespace SafeVision.Evaluation.Tests.Symbols.Svg;

public sealed class SymbolDrawingTests
{
    private const int Size = 64;
    private const int Margin = 32;

    // Drawn beyond their view box by their makers; browsers cut them off there, and so does the painter.
    private static readonly string[] s_largerThanTheirBox = ["noto:crossed-swords", "noto:gorilla"];

    [Fact]
    public void Every_symbol_draws_something_and_all_but_two_stay_inside_their_box()
    {
        SymbolCatalogue catalogue = SymbolCatalogue.Load();
        Icon[] icons = [.. catalogue.Sets.SelectMany(set => set.Icons.Values)];
        using var bitmap = new SKBitmap(new SKImageInfo(Size + (2 * Margin), Size + (2 * Margin), SKColorType.Alpha8, SKAlphaType.Premul));
        using var canvas = new SKCanvas(bitmap);

        var wrong = new List<string>();
        foreach (Icon icon in icons)
        {
            bitmap.Erase(SKColors.Transparent);
            canvas.SetMatrix(SKMatrix.CreateTranslation(Margin, Margin).PreConcat(SKMatrix.CreateScale(Size / Math.Max(icon.Width, icon.Height), Size / Math.Max(icon.Width, icon.Height))));
            SvgReader.Read(icon.Body).Draw(canvas, color => color.Value);
            (int inside, int outside) = Count(bitmap, icon);
            if (inside < Size * Size / 100 || (outside > inside / 20) != s_largerThanTheirBox.Contains($"{icon.Set}:{icon.Id}"))
            {
                wrong.Add($"{icon.Set}:{icon.Id} {inside} {outside}");
            }
        }

        Assert.True(icons.Length > 1_200);
        Assert.Empty(wrong);
    }

    private static (int Inside, int Outside) Count(SKBitmap bitmap, Icon icon)
    {
        float scale = Size / Math.Max(icon.Width, icon.Height);
        var box = new SKRectI(Margin - 1, Margin - 1, Margin + 1 + (int)MathF.Ceiling(icon.Width * scale), Margin + 1 + (int)MathF.Ceiling(icon.Height * scale));
        (int inside, int outside) = (0, 0);
        ReadOnlySpan<byte> pixels = bitmap.GetPixelSpan();
        for (int y = 0; y < bitmap.Height; y++)
        {
            for (int x = 0; x < bitmap.Width; x++)
            {
                if (pixels[(y * bitmap.RowBytes) + x] >= 64)
                {
                    _ = box.Contains(x, y) ? inside++ : outside++;
                }
            }
        }

        return (inside, outside);
    }
}

using SafeVision.Evaluation.Symbols.Svg;
using SkiaSharp;

namespace SafeVision.Evaluation.Tests.Symbols.Svg;

/// <summary>Draws markup of a 16 by 16 view box, a pixel a unit.</summary>
internal static class SvgCanvas
{
    public static SKBitmap Draw(string body, SKColor? current = null)
    {
        var bitmap = new SKBitmap(new SKImageInfo(16, 16, SKColorType.Rgba8888, SKAlphaType.Premul));
        bitmap.Erase(SKColors.Transparent);
        using var canvas = new SKCanvas(bitmap);
        SvgReader.Read(body).Draw(canvas, color => color.IsCurrent ? current ?? SKColors.Black : color.Value);
        return bitmap;
    }

    public static SKColor At(string body, int x, int y, SKColor? current = null)
    {
        using SKBitmap bitmap = Draw(body, current);
        return bitmap.GetPixel(x, y);
    }
}

using SafeVision.Evaluation;
using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Evaluation.Symbols.Scenes;
using SkiaSharp;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>
/// Draws one icon on a plain ground, a little turned, at a size, place and colours that a seed chooses. Clip art has other
/// hands than icon sets have, so some are given a dark outline, other colours, or light from above.
/// </summary>
internal sealed class DrawingCanvas : IDisposable
{
    public const int Size = 256;

    private readonly SymbolPainter _painter = new();
    private readonly SKBitmap _bitmap = new(new SKImageInfo(Size, Size, SKColorType.Rgba8888, SKAlphaType.Premul));

    /// <summary>The image, valid until the next one: RGBA rows.</summary>
    /// <param name="icon">What to draw.</param>
    /// <param name="random">Chooses how.</param>
    /// <param name="isPlain">As it was drawn, with neither outline nor other colours.</param>
    /// <exception cref="EvaluationException">The icon uses what is not drawn here.</exception>
    public ReadOnlySpan<byte> Draw(Icon icon, SeededRandom random, bool isPlain)
    {
        (SKColor ground, SKColor ink) = random.Next(100) switch
        {
            < 40 => (SKColors.White, SKColors.Black),
            < 60 => (SKColors.White, Color(random, 70, 70, 15, 45)),
            < 90 => (Color(random, 20, 80, 80, 95), Color(random, 0, 80, 10, 35)),
            _ => (Color(random, 30, 70, 15, 60), Color(random, 0, 60, 85, 100)),
        };
        double size = Size * Between(random, 0.6, 0.98), room = (Size - size) * 0.3;
        double angle = random.Next(2) == 0 ? 0 : Between(random, -15, 15);
        SKMatrix place = _painter.Place(icon, (Size / 2) + Between(random, -room, room), (Size / 2) + Between(random, -room, room), size, angle, random.Next(2) == 0);
        _bitmap.Erase(ground);
        using var canvas = new SKCanvas(_bitmap);
        bool isOutlined = !isPlain && random.Next(2) == 0, isRecoloured = !isPlain && random.Next(2) == 0, isLit = !isPlain && random.Next(3) == 0;
        if (isOutlined)
        {
            float width = (float)Between(random, 1.5, 5);
            using SKImageFilter wider = SKImageFilter.CreateDilate(width, width);
            using SKColorFilter dark = SKColorFilter.CreateBlendMode(Color(random, 0, 40, 0, 25), SKBlendMode.SrcIn);
            using var paint = new SKPaint { ImageFilter = wider, ColorFilter = dark };
            DrawLayer(canvas, icon, place, ink, paint, isLit: false);
        }

        using SKColorFilter? colours = isRecoloured ? SKColorFilter.CreateColorMatrix(Recolour(random)) : null;
        using var layer = new SKPaint { ColorFilter = colours };
        DrawLayer(canvas, icon, place, isOutlined ? Color(random, 30, 90, 40, 95) : ink, layer, isLit);
        return _bitmap.GetPixelSpan();
    }

    private void DrawLayer(SKCanvas canvas, Icon icon, SKMatrix place, SKColor ink, SKPaint layer, bool isLit)
    {
        canvas.ResetMatrix();
        canvas.SaveLayer(layer);
        _painter.Draw(canvas, icon, place, color => color.IsCurrent ? ink.WithAlpha(color.Value.Alpha) : color.Value);
        if (isLit)
        {
            canvas.ResetMatrix();
            using SKShader light = SKShader.CreateLinearGradient(
                new SKPoint(0, 0), new SKPoint(Size / 4, Size), [SKColors.White.WithAlpha(110), SKColors.Transparent, SKColors.Black.WithAlpha(110)], SKShaderTileMode.Clamp);
            using var paint = new SKPaint { Shader = light, BlendMode = SKBlendMode.SrcATop };
            canvas.DrawRect(0, 0, Size, Size, paint);
        }

        canvas.Restore();
    }

    /// <summary>Grey, or each colour a mixture of the others.</summary>
    private static float[] Recolour(SeededRandom random)
    {
        float[] matrix = new float[20];
        bool isGrey = random.Next(3) == 0;
        for (int row = 0; row < 3; row++)
        {
            double[] parts = isGrey ? [0.3, 0.59, 0.11] : [random.NextDouble(), random.NextDouble(), random.NextDouble()];
            for (int column = 0; column < 3; column++)
            {
                matrix[(row * 5) + column] = (float)(parts[column] / parts.Sum());
            }
        }

        matrix[18] = 1;
        return matrix;
    }

    private static SKColor Color(SeededRandom random, double leastSaturation, double mostSaturation, double leastLight, double mostLight) =>
        SKColor.FromHsl((float)Between(random, 0, 360), (float)Between(random, leastSaturation, mostSaturation), (float)Between(random, leastLight, mostLight));

    private static double Between(SeededRandom random, double least, double most) => least + (random.NextDouble() * (most - least));

    public void Dispose()
    {
        _painter.Dispose();
        _bitmap.Dispose();
    }
}

using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Evaluation.Symbols.Scenes;
using SkiaSharp;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>Draws one icon on a plain ground, a little turned, at a size, place and colours that a seed chooses.</summary>
internal sealed class DrawingCanvas : IDisposable
{
    public const int Size = 256;

    private readonly SymbolPainter _painter = new();
    private readonly SKBitmap _bitmap = new(new SKImageInfo(Size, Size, SKColorType.Rgba8888, SKAlphaType.Premul));

    /// <summary>The image as RGB bytes.</summary>
    public void Draw(Icon icon, SceneRandom random, Span<byte> rgb)
    {
        (SKColor ground, SKColor ink) = random.Next(100) switch
        {
            < 25 => (SKColors.White, SKColors.Black),
            < 50 => (SKColors.White, Color(random, 70, 70, 15, 45)),
            < 85 => (Color(random, 20, 80, 80, 95), Color(random, 0, 80, 10, 35)),
            _ => (Color(random, 30, 70, 15, 60), Color(random, 0, 60, 85, 100)),
        };
        double size = Size * random.Next(0.5, 0.9);
        double room = (Size - size) * 0.2;
        double angle = random.Chance(0.5) ? 0 : random.Next(-15, 15);
        SKMatrix place = _painter.Place(icon, (Size / 2) + random.Next(-room, room), (Size / 2) + random.Next(-room, room), size, angle, random.Chance(0.5));
        _bitmap.Erase(ground);
        using (var canvas = new SKCanvas(_bitmap))
        {
            _painter.Draw(canvas, icon, place, color => color.IsCurrent ? ink.WithAlpha(color.Value.Alpha) : color.Value);
        }

        ReadOnlySpan<byte> pixels = _bitmap.GetPixelSpan();
        for (int i = 0; i < Size * Size; i++)
        {
            pixels.Slice(i * 4, 3).CopyTo(rgb[(i * 3)..]);
        }
    }

    private static SKColor Color(SceneRandom random, double leastSaturation, double mostSaturation, double leastLight, double mostLight) =>
        SKColor.FromHsl((float)random.Next(0, 360), (float)random.Next(leastSaturation, mostSaturation + 1e-3), (float)random.Next(leastLight, mostLight));

    public void Dispose()
    {
        _painter.Dispose();
        _bitmap.Dispose();
    }
}

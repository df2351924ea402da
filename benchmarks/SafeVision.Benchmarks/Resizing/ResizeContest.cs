using SafeVision.Imaging;
using SkiaSharp;

namespace SafeVision.Benchmarks.Resizing;

/// <summary>One case on both sides, on the same picture, into memory allocated beforehand.</summary>
/// <remarks>
/// Skia resizes pixels of four bytes only, so its side has the picture as opaque RGBX and ours as the RGB24 that decoding gives.
/// Skia has no filter that widens with the scale: the nearest it comes to Pillow's is linear sampling of a mipmap chain. Its
/// cubic sampling looks at 4x4 source pixels however large the step, and so aliases where the picture shrinks.
/// </remarks>
public sealed class ResizeContest : IDisposable
{
    private static readonly SKSamplingOptions s_mipmaps = new(SKFilterMode.Linear, SKMipmapMode.Linear);
    private static readonly SKSamplingOptions s_cubic = new(SKCubicResampler.CatmullRom);

    private readonly ResizeCase _case;
    private readonly byte[] _source;
    private readonly byte[] _target;
    private readonly SKBitmap _skiaSource;
    private readonly SKBitmap _skiaTarget;
    private readonly SKPixmap _skiaSourcePixels;
    private readonly SKPixmap _skiaTargetPixels;

    public ResizeContest(ResizeCase resize)
    {
        _case = resize;
        _source = Picture(resize.Width, resize.Height);
        _target = new byte[resize.TargetWidth * resize.TargetHeight * 3];
        _skiaSource = new SKBitmap(Opaque(resize.Width, resize.Height));
        _skiaTarget = new SKBitmap(Opaque(resize.TargetWidth, resize.TargetHeight));
        Span<byte> pixels = _skiaSource.GetPixelSpan();
        for (int i = 0; i < resize.Width * resize.Height; i++)
        {
            _source.AsSpan(i * 3, 3).CopyTo(pixels[(i * 4)..]);
            pixels[(i * 4) + 3] = 255;
        }

        _skiaSourcePixels = _skiaSource.PeekPixels();
        _skiaTargetPixels = _skiaTarget.PeekPixels();
    }

    public void Ours() =>
        ImageResizer.Resize(_source, _case.Width, _case.Height, PixelLayout.Rgb24, _target, _case.TargetWidth, _case.TargetHeight, _case.Filter);

    public bool SkiaMipmaps() => _skiaSourcePixels.ScalePixels(_skiaTargetPixels, s_mipmaps);

    public bool SkiaCubic() => _skiaSourcePixels.ScalePixels(_skiaTargetPixels, s_cubic);

    public void Dispose()
    {
        _skiaSourcePixels.Dispose();
        _skiaTargetPixels.Dispose();
        _skiaSource.Dispose();
        _skiaTarget.Dispose();
    }

    private static SKImageInfo Opaque(int width, int height) => new(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);

    // Gradients with noise on them: no part of it is flat, so no side gets anything for free.
    private static byte[] Picture(int width, int height)
    {
        byte[] pixels = new byte[width * height * 3];
        uint state = 1;
        for (int i = 0; i < pixels.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            pixels[i] = (byte)((i / 3 % width * 200 / width) + (state >> 27));
        }

        return pixels;
    }
}

using SafeVision.Imaging;
using SkiaSharp;

namespace SafeVision.VisionLanguage.Tests.Families;

/// <summary>Pictures as the references saw them: red, green and blue as stored, alpha dropped.</summary>
internal static class RawPictures
{
    /// <summary>A PNG of the fixtures.</summary>
    public static ImageFrame Open(string file)
    {
        using var codec = SKCodec.Create(Path.Combine(AppContext.BaseDirectory, "Fixtures", "vlm", file));
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        byte[] rgba = new byte[info.BytesSize];
        unsafe
        {
            fixed (byte* pixels = rgba)
            {
                Assert.Equal(SKCodecResult.Success, codec.GetPixels(info, (nint)pixels));
            }
        }

        return Frame(info.Width, info.Height, (pixel, channel) => rgba[(pixel * 4) + channel]);
    }

    /// <summary>A picture of repeatable noise.</summary>
    public static ImageFrame Noise(int width, int height, int seed = 1)
    {
        byte[] bytes = new byte[width * height * 3];
        new Random(seed).NextBytes(bytes);
        return Frame(width, height, (pixel, channel) => bytes[(pixel * 3) + channel]);
    }

    private static ImageFrame Frame(int width, int height, Func<int, int, byte> value)
    {
        PixelBuffer buffer = PixelBuffer.Rent(width * height * 3);
        for (int i = 0; i < buffer.Length; i++)
        {
            buffer.Span[i] = value(i / 3, i % 3);
        }

        return new ImageFrame(0, TimeSpan.Zero, width, height, buffer);
    }
}

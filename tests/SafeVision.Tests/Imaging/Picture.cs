using SafeVision.Imaging;
using SkiaSharp;

namespace SafeVision.Tests.Imaging;

/// <summary>Pixels for a test: read from a fixture, or made up.</summary>
internal sealed record Picture(byte[] Pixels, int Width, int Height, PixelLayout Layout)
{
    public int Channels => (int)Layout;

    public PixelView View => new(Pixels, Width * Channels, Width, Height, Layout);

    /// <summary>Reads a PNG of the fixtures, with the channels that it has.</summary>
    public static Picture Read(PixelLayout layout, params string[] path)
    {
        using SKCodec codec = SKCodec.Create(Path.Combine([AppContext.BaseDirectory, "Fixtures", .. path]));
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        byte[] rgba = new byte[info.BytesSize];
        unsafe
        {
            fixed (byte* pixels = rgba)
            {
                Assert.Equal(SKCodecResult.Success, codec.GetPixels(info, (nint)pixels));
            }
        }

        int[] kept = layout switch
        {
            PixelLayout.Gray8 => [0],
            PixelLayout.GrayAlpha16 => [0, 3],
            PixelLayout.Rgb24 => [0, 1, 2],
            _ => [0, 1, 2, 3],
        };
        byte[] bytes = [.. Enumerable.Range(0, info.Width * info.Height).SelectMany(pixel => kept, (pixel, channel) => rgba[pixel * 4 + channel])];
        return new Picture(bytes, info.Width, info.Height, layout);
    }

    /// <summary>Noise in which black and white are common, so that sharp filters over- and undershoot.</summary>
    public static Picture Noise(int width, int height, PixelLayout layout, int seed)
    {
        var random = new Random(seed);
        byte[] pixels = new byte[width * height * (int)layout];
        random.NextBytes(pixels);
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = pixels[i] switch { < 64 => 0, > 191 => 255, byte value => value };
        }

        return new Picture(pixels, width, height, layout);
    }

    public Picture Resize(in ResizeOptions options)
    {
        ResizeWindow window = options.Window ?? new ResizeWindow(0, 0, options.Width, options.Height);
        byte[] resized = new byte[window.Width * window.Height * Channels];
        ImageResizer.Resize(Pixels, Width, Height, Layout, resized, options);
        return new Picture(resized, window.Width, window.Height, Layout);
    }

    public Picture Crop(int x, int y, int width, int height)
    {
        byte[] pixels = new byte[width * height * Channels];
        for (int row = 0; row < height; row++)
        {
            Pixels.AsSpan(((y + row) * Width + x) * Channels, width * Channels).CopyTo(pixels.AsSpan(row * width * Channels));
        }

        return new Picture(pixels, width, height, Layout);
    }
}

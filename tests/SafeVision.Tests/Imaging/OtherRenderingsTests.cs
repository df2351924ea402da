using System.Buffers.Binary;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Transparency shows the page behind it, and pages differ: what each of them shows is judged, within bounds.</summary>
public sealed class OtherRenderingsTests
{
    [Fact]
    public void A_transparent_image_is_judged_on_white_black_and_gray()
    {
        using DecodedImage image = ImageFixtures.Decode("src/png_rgba8_soft.png");
        (int width, int height, byte[] rgba) = ImageFixtures.Reference("src/png_rgba8_soft.png");

        Assert.Equal([ImageRendering.Default], image.Frames.Select(frame => frame.Rendering));
        Assert.Equal([ImageRendering.OnBlack, ImageRendering.OnGray], image.OtherRenderings.Select(frame => frame.Rendering));
        Assert.Equal([.. image.Frames, .. image.OtherRenderings], image.Judged);
        foreach ((ImageFrame frame, int ground) in image.Judged.Zip((int[])[255, 0, 128]))
        {
            Assert.Equal((width, height), (frame.Width, frame.Height));
            for (int i = 0; i < width * height; i++)
            {
                Assert.Equal(ImageFixtures.PillowComposite(rgba[i * 4], rgba[(i * 4) + 3], ground), frame.Pixels[i * 3]);
            }
        }
    }

    [Theory]
    [InlineData(PixelFormat.Rgba32)]
    [InlineData(PixelFormat.Bgra32)]
    public void So_are_pixels_that_a_caller_gives(PixelFormat format)
    {
        byte[] pixels = [.. Enumerable.Repeat((byte[])[255, 255, 255, 100], 64 * 64).SelectMany(pixel => pixel)];

        using DecodedImage image = Decode(ImageSource.FromPixels(pixels, 64, 64, format));

        Assert.Equal([255, 100, 178], image.Judged.Select(frame => (int)frame.Pixels[0]));
    }

    [Fact]
    public void An_opaque_image_with_an_alpha_channel_is_judged_once()
    {
        byte[] pixels = [.. Enumerable.Repeat((byte[])[1, 2, 3, 255], 512 * 512).SelectMany(pixel => pixel)];
        pixels[3] = 0; // a transparent pixel shows nothing

        using DecodedImage image = Decode(ImageSource.FromPixels(pixels, 512, 512, PixelFormat.Rgba32));

        Assert.Empty(image.OtherRenderings);
        Assert.Same(image.Frames, image.Judged);
    }

    [Fact]
    public void A_transparent_corner_is_enough()
    {
        byte[] pixels = [.. Enumerable.Repeat((byte[])[1, 2, 3, 255], 64 * 64).SelectMany(pixel => pixel)];
        for (int i = 0; i < 16; i++)
        {
            pixels[((((60 + (i / 4)) * 64) + 60 + (i % 4)) * 4) + 3] = 0;
        }

        using DecodedImage image = Decode(ImageSource.FromPixels(pixels, 64, 64, PixelFormat.Rgba32));

        Assert.Equal(2, image.OtherRenderings.Count);
    }

    [Fact]
    public void A_host_that_names_its_background_gets_that_alone()
    {
        ImageDecodeOptions options = ImageFixtures.Options;
        options.Background = RgbColor.Black;

        using DecodedImage image = ImageFixtures.Decode("src/png_rgba8_soft.png", options);

        Assert.Empty(image.OtherRenderings);
    }

    [Fact]
    public void They_are_no_larger_than_models_need_and_few_of_them_as_large_as_one_image()
    {
        byte[] pixels = new byte[1000 * 1000 * 4];
        ImageDecodeOptions options = ImageFixtures.Options;
        options.TargetShortSide = 224;
        using (DecodedImage image = Decode(ImageSource.FromPixels(pixels, 1000, 1000, PixelFormat.Rgba32), options))
        {
            Assert.All(image.OtherRenderings, frame => Assert.Equal((500, 500), (frame.Width, frame.Height)));
        }

        options = ImageFixtures.Options;
        options.Limits.MaxPixels = 1_000_000;
        using (DecodedImage image = Decode(ImageSource.FromPixels(pixels, 1000, 1000, PixelFormat.Rgba32), options))
        {
            Assert.InRange(image.OtherRenderings.Sum(frame => frame.Width * frame.Height), 1, 1_000_000);
        }
    }

    [Fact]
    public void Of_an_animation_at_most_as_many_more_are_judged_as_were_sampled()
    {
        foreach (string name in (string[])["src/gif_animated_disposal2.gif", "src/webp_animated.webp", "apng/clear.png"])
        {
            ImageDecodeOptions options = ImageFixtures.Options;
            options.MaxSampledFrames = 3;
            using DecodedImage image = ImageFixtures.Decode(name, options);

            Assert.InRange(image.OtherRenderings.Count, 0, 3);
            Assert.All(image.OtherRenderings, other => Assert.Contains(image.Frames, frame => frame.Index == other.Index && frame.Timestamp == other.Timestamp));
        }
    }

    [Fact]
    public void A_bitmap_whose_alpha_is_all_zero_is_opaque()
    {
        using DecodedImage zero = ImageFixtures.Decode("../field/bmp-zero-alpha/bmp_v5_alpha0.bmp"), full = ImageFixtures.Decode("../field/bmp-zero-alpha/bmp_v5_alpha255.bmp");

        Assert.Equal(full.Frames[0].Pixels, zero.Frames[0].Pixels);
        Assert.Empty(zero.OtherRenderings);
        Assert.Empty(full.OtherRenderings);
    }

    [Theory]
    [InlineData(108)]
    [InlineData(124)]
    public void A_bitmap_with_some_alpha_is_composited_and_judged_as_viewers_show_it_that_ignore_alpha(int headerSize)
    {
        byte[] file = ImageFixtures.Bytes("../field/bmp-zero-alpha/bmp_v5_alpha0.bmp");
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), headerSize);
        int pixels = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(10));
        file[pixels + 3] = 1; // one pixel that is not quite transparent, and the others are
        using DecodedImage opaque = ImageFixtures.Decode("../field/bmp-zero-alpha/bmp_v5_alpha255.bmp");

        using DecodedImage image = ImageFixtures.Decode(file);

        Assert.Equal(255, image.Frames[0].Pixels[3000]);
        Assert.Equal(opaque.Frames[0].Pixels, Assert.Single(image.OtherRenderings, frame => frame.Rendering == ImageRendering.AlphaIgnored).Pixels);
        Assert.Equal(3, image.OtherRenderings.Count);
    }

    [Fact]
    public void All_their_memory_is_given_back()
    {
        DecodedImage image = ImageFixtures.Decode("src/png_rgba8_soft.png");
        image.Dispose();

        Assert.All(image.Judged, frame => Assert.Throws<ObjectDisposedException>(() => frame.Pixels.Length));
    }

    private static DecodedImage Decode(ImageSource source, ImageDecodeOptions? options = null) =>
        new SkiaImageDecoder().DecodeAsync(source, options ?? ImageFixtures.Options, CancellationToken.None).AsTask().GetAwaiter().GetResult();
}

using CsCheck;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

public sealed class ImageResizerTests
{
    [Fact]
    public void A_window_is_that_part_of_the_whole() =>
        Gen.Select(Gen.Int[1, 80], Gen.Int[1, 80], Gen.Enum<PixelLayout>(), Gen.Int[1, 80], Gen.Int[1, 80], Gen.Enum<ResampleFilter>(), Gen.Double[0, 1].Array[4])
            .Sample((width, height, layout, newWidth, newHeight, filter, cut) =>
            {
                Picture source = Picture.Noise(width, height, layout, width);
                var options = new ResizeOptions(newWidth, newHeight, filter);
                int x = (int)(cut[0] * (newWidth - 1)), y = (int)(cut[1] * (newHeight - 1));
                var window = new ResizeWindow(x, y, 1 + (int)(cut[2] * (newWidth - x - 1)), 1 + (int)(cut[3] * (newHeight - y - 1)));

                Picture part = source.Resize(options with { Window = window });

                Assert.Equal(source.Resize(options).Crop(x, y, window.Width, window.Height).Pixels, part.Pixels);
            }, iter: 500, threads: 1);

    [Fact]
    public void One_colour_stays_that_colour() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[1, 200], Gen.Int[1, 200], Gen.Enum<ResampleFilter>(), Gen.Byte.Array[3])
            .Sample((width, height, newWidth, newHeight, filter, colour) =>
            {
                byte[] pixels = [.. Enumerable.Range(0, width * height).SelectMany(_ => colour)];

                Picture resized = new Picture(pixels, width, height, PixelLayout.Rgb24).Resize(new ResizeOptions(newWidth, newHeight, filter));

                Assert.True(resized.Pixels.Chunk(3).All(pixel => pixel.SequenceEqual(colour)));
            }, iter: 300, threads: 1);

    [Fact]
    public void A_window_of_a_target_too_large_to_exist_is_computed()
    {
        Picture source = Picture.Noise(20, 10, PixelLayout.Rgb24, 1);

        Picture part = source.Resize(new ResizeOptions(1 << 30, 1 << 30, ResampleFilter.Bicubic) { Window = new ResizeWindow(1 << 29, 1 << 29, 3, 2) });

        // The middle of the picture, where four pixels meet: at this scale the window is one point between them.
        Assert.All(part.Pixels.Chunk(3), pixel => Assert.Equal(part.Pixels[..3], pixel));
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_name()
    {
        byte[] source = new byte[300], target = new byte[300];
        Assert.Throws<ArgumentException>("source", () => ImageResizer.Resize(new byte[299], 10, 10, PixelLayout.Rgb24, target, 5, 5, ResampleFilter.Box));
        Assert.Throws<ArgumentException>("destination", () => ImageResizer.Resize(source, 10, 10, PixelLayout.Rgb24, new byte[74], 5, 5, ResampleFilter.Box));
        Assert.Throws<ArgumentException>("destination", () => ImageResizer.Resize(source, 10, 10, PixelLayout.Rgb24, source, 5, 5, ResampleFilter.Box));
        Assert.Throws<ArgumentOutOfRangeException>("width", () => ImageResizer.Resize(source, 0, 10, PixelLayout.Rgb24, target, 5, 5, ResampleFilter.Box));
        Assert.Throws<ArgumentOutOfRangeException>("height", () => ImageResizer.Resize(source, 10, (1 << 18) + 1, PixelLayout.Rgb24, target, 5, 5, ResampleFilter.Box));
        Assert.Throws<ArgumentOutOfRangeException>("layout", () => ImageResizer.Resize(source, 10, 10, (PixelLayout)5, target, 5, 5, ResampleFilter.Box));
        Assert.Throws<ArgumentOutOfRangeException>("options", () => ImageResizer.Resize(source, 10, 10, PixelLayout.Rgb24, target, 5, 5, (ResampleFilter)9));
        Assert.Throws<ArgumentOutOfRangeException>("Width", () => ImageResizer.Resize(source, 10, 10, PixelLayout.Rgb24, target, 0, 5, ResampleFilter.Box));
    }

    [Theory]
    [InlineData(0, 0, 10.5f, 10)]
    [InlineData(-0.5f, 0, 10, 10)]
    [InlineData(5, 0, 5, 10)]
    [InlineData(float.NaN, 0, 10, 10)]
    public void A_box_outside_of_the_picture_is_refused(float left, float top, float right, float bottom) =>
        Refuses(new ResizeOptions(5, 5, ResampleFilter.Box) { Box = new ResampleBox(left, top, right, bottom) });

    [Theory]
    [InlineData(0, 0, 6, 5)]
    [InlineData(-1, 0, 5, 5)]
    [InlineData(0, 0, 0, 5)]
    [InlineData(int.MaxValue, 0, int.MaxValue, 5)]
    public void A_window_outside_of_the_target_is_refused(int x, int y, int width, int height) =>
        Refuses(new ResizeOptions(5, 5, ResampleFilter.Box) { Window = new ResizeWindow(x, y, width, height) });

    [Theory]
    [InlineData(0.5)]
    [InlineData(double.NaN)]
    public void A_reducing_gap_below_one_is_refused(double gap) => Refuses(new ResizeOptions(5, 5, ResampleFilter.Box) { ReducingGap = gap });

    [Fact]
    public void Weights_are_kept_for_the_sizes_used_last_and_for_no_more()
    {
        var cache = new ResampleAxisCache(3);
        ResampleAxis first = cache.Get(Key(10));
        Assert.Same(first, cache.Get(Key(10)));

        _ = cache.Get(Key(11));
        _ = cache.Get(Key(12));
        Assert.Same(first, cache.Get(Key(10)));
        _ = cache.Get(Key(13));

        Assert.Equal(3, cache.Count);
        Assert.Same(first, cache.Get(Key(10)));
    }

    [Fact]
    public void Weights_of_unusual_size_are_not_kept()
    {
        var cache = new ResampleAxisCache(3);

        _ = cache.Get(new ResampleAxisKey(200_000, 0, 200_000, 100, ResampleFilter.Lanczos, 0, 100));

        Assert.Equal(0, cache.Count);
    }

    private static ResampleAxisKey Key(int target) => new(100, 0, 100, target, ResampleFilter.Bicubic, 0, target);

    private static void Refuses(ResizeOptions options) =>
        Assert.Throws<ArgumentOutOfRangeException>(nameof(options), () => ImageResizer.Resize(new byte[300], 10, 10, PixelLayout.Rgb24, new byte[75], options));
}

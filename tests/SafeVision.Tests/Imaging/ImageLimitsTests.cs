using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Each limit refuses what is just over it, and nothing that is just within.</summary>
public sealed class ImageLimitsTests
{
    private static readonly string[] s_formats =
    [
        "src/png_rgb8_photo.png", "src/jpeg_420_odd.jpg", "src/webp_lossy_photo.webp", "src/webp_lossless_shapes.webp", "src/webp_alpha_lossy.webp",
        "src/gif_static_interlaced.gif", "src/bmp_rgb24_odd.bmp", "src/tiff_rgb_lzw.tif",
    ];

    public static TheoryData<string> Formats => [.. s_formats];

    public static TheoryData<string> Animations => ["src/gif_animated_disposal2.gif", "src/webp_animated.webp", "src/tiff_multipage.tif"];

    [Fact]
    public async Task Bytes_are_limited()
    {
        byte[] file = ImageFixtures.Bytes("src/png_rgb8_photo.png");

        await Accepts(file, options => options.Limits.MaxBytes = file.Length);
        Assert.Contains("MaxBytes", await TooLarge(file, options => options.Limits.MaxBytes = file.Length - 1), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Pixels_are_limited(string name)
    {
        byte[] file = ImageFixtures.Bytes(name);
        long pixels = Pixels(name);

        await Accepts(file, options => options.Limits.MaxPixels = pixels);
        Assert.Contains("MaxPixels", await TooLarge(file, options => options.Limits.MaxPixels = pixels - 1), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Sides_are_limited(string name)
    {
        byte[] file = ImageFixtures.Bytes(name);
        int side = LongSide(name);

        await Accepts(file, options => options.Limits.MaxSide = side);
        Assert.Contains("MaxSide", await TooLarge(file, options => options.Limits.MaxSide = side - 1), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Animations))]
    public async Task Frames_are_limited(string name)
    {
        byte[] file = ImageFixtures.Bytes(name);
        int frames = ImageFixtures.Decodable(name).GetProperty("frames").GetInt32();
        Assert.True(frames > 1);

        await Accepts(file, options => options.Limits.MaxFrames = frames);
        Assert.Contains("MaxFrames", await TooLarge(file, options => options.Limits.MaxFrames = frames - 1), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Animations))]
    public async Task The_pixels_of_all_sampled_frames_together_are_limited(string name)
    {
        byte[] file = ImageFixtures.Bytes(name);
        long pixels = await SampledPixels(file);

        await Accepts(file, options => options.Limits.MaxPixels = pixels);
        string refusal = await TooLarge(file, options => options.Limits.MaxPixels = pixels - 1);
        Assert.Contains("MaxPixels", refusal, StringComparison.Ordinal);
        Assert.Contains("MaxSampledFrames", refusal, StringComparison.Ordinal);
        await Accepts(file, options => (options.Limits.MaxPixels, options.MaxSampledFrames) = (pixels - 1, 1));
    }

    [Theory]
    [InlineData("gif", 16)]
    [InlineData("apng", 8)]
    [InlineData("webp", 4)]
    public async Task The_pixels_of_all_frames_that_the_sampled_ones_build_on_are_limited(string format, int frames)
    {
        await Accepts(AnimationFile.Blended(format, frames), AsLargeAsTheCanvas);
        Assert.Contains("MaxPixels", await TooLarge(AnimationFile.Blended(format, frames + 1), AsLargeAsTheCanvas), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Frames_that_reach_beyond_the_canvas_count_whole()
    {
        await Accepts(AnimationFile.Gif(8, 16, 32), AsLargeAsTheCanvas);
        Assert.Contains("MaxPixels", await TooLarge(AnimationFile.Gif(8, 18, 32), AsLargeAsTheCanvas), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_small_frames_on_a_large_canvas_are_judged_and_take_little_beside_it()
    {
        byte[] file = AnimationFile.Gif(1000, 500, 2);

        using DecodedImage image = await Decode(file, options => (options.Limits.MaxPixels, options.TargetShortSide) = (1_000_000, 64));

        Assert.Equal((500, 8), (image.FrameCount, image.Frames.Count));
        Assert.InRange(image.Frames.Sum(frame => frame.Width * frame.Height), 1, 1_000_000);
    }

    [Theory]
    [InlineData("gif")]
    [InlineData("apng")]
    [InlineData("webp")]
    public async Task Animations_of_ordinary_sizes_are_judged_by_default(string format) =>
        await Accepts(AnimationFile.Blended(format, 500), _ => { });

    [Fact]
    public async Task Frames_are_halved_where_models_need_less_than_the_limit_forbids()
    {
        byte[] file = ImageFixtures.Bytes("src/gif_animated_disposal2.gif");
        using DecodedImage whole = await Decode(file, _ => { });
        ImageFrame first = whole.Frames[0];
        long pixels = await SampledPixels(file);

        using DecodedImage halved = await Decode(file, options => (options.Limits.MaxPixels, options.TargetShortSide) = (pixels - 1, 8));

        Assert.Equal((first.Width / 2, first.Height / 2), (halved.Frames[0].Width, halved.Frames[0].Height));
        Assert.Equal((whole.Width, whole.Height, whole.FrameCount), (halved.Width, halved.Height, halved.FrameCount));
        for (int i = 0; i < halved.Frames[0].Pixels.Length; i++)
        {
            (int x, int y, int channel) = (i / 3 % (first.Width / 2) * 2, i / 3 / (first.Width / 2) * 2, i % 3);
            int sum = At(x, y) + At(x + 1, y) + At(x, y + 1) + At(x + 1, y + 1);
            Assert.Equal((sum + 2) / 4, halved.Frames[0].Pixels[i]);

            int At(int column, int row) => first.Pixels[(((row * first.Width) + column) * 3) + channel];
        }
    }

    [Theory]
    [MemberData(nameof(Animations))]
    [InlineData("src/jpeg_420_odd.jpg")]
    public async Task Time_is_limited(string name)
    {
        byte[] file = ImageFixtures.Bytes(name);
        ImageDecodeOptions options = ImageFixtures.Options;
        options.Limits.MaxTime = TimeSpan.FromSeconds(1.5);

        // A clock that is a second later whenever it is looked at.
        var decoder = new SkiaImageDecoder(new SteppingClock(TimeSpan.FromSeconds(1)));

        string refusal = (await Assert.ThrowsAsync<ImageRejectedException>(
            async () => await decoder.DecodeAsync(ImageSource.FromBytes(file), options, CancellationToken.None))).Message;
        Assert.Contains("MaxTime", refusal, StringComparison.Ordinal);

        options.Limits.MaxTime = null;
        (await decoder.DecodeAsync(ImageSource.FromBytes(file), options, CancellationToken.None)).Dispose();
    }

    [Theory]
    [MemberData(nameof(Animations))]
    [InlineData("src/jpeg_420_odd.jpg")]
    public async Task Decoding_can_be_cancelled(string name)
    {
        using var cancellation = new CancellationTokenSource();
        var decoder = new SkiaImageDecoder(new CancellingClock(cancellation));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await decoder.DecodeAsync(ImageSource.FromBytes(ImageFixtures.Bytes(name)), ImageFixtures.Options, cancellation.Token));
    }

    [Fact]
    public async Task Pixels_of_the_caller_are_limited_too()
    {
        ImageSource source = ImageSource.FromPixels(new byte[200], 20, 10, PixelFormat.Gray8);
        ImageDecodeOptions options = ImageFixtures.Options;
        options.Limits.MaxPixels = 199;

        ImageRejectedException refusal = await Assert.ThrowsAsync<ImageRejectedException>(
            async () => await new SkiaImageDecoder().DecodeAsync(source, options, CancellationToken.None));

        Assert.Equal(ImageRejectionReason.TooLarge, refusal.Reason);
    }

    [Fact]
    public void Limits_out_of_range_are_refused_when_they_are_set()
    {
        var limits = new ImageLimits();
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.MaxBytes = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.MaxBytes = 1L << 31);
        Assert.Contains("ImageLimits.MaxPixels", Assert.Throws<ArgumentOutOfRangeException>(() => limits.MaxPixels = 0).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.MaxPixels = 500_000_001);
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.MaxSide = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.MaxSide = 1_000_001);
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.MaxFrames = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.MaxFrames = 1_000_001);
        Assert.Throws<ArgumentOutOfRangeException>(() => limits.MaxTime = TimeSpan.Zero);
        var options = new ImageDecodeOptions();
        Assert.Throws<ArgumentOutOfRangeException>(() => options.TargetShortSide = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => options.MaxSampledFrames = 0);
        Assert.Throws<ArgumentNullException>(() => options.Limits = null!);
    }

    // Of 32 x 32 pixels, of which the sampled frames have fewer.
    private static void AsLargeAsTheCanvas(ImageDecodeOptions options) => (options.Limits.MaxPixels, options.TargetShortSide) = (32 * 32, 4);

    private static long Pixels(string name) => Size(name).Width * (long)Size(name).Height;

    private static int LongSide(string name) => Math.Max(Size(name).Width, Size(name).Height);

    private static (int Width, int Height) Size(string name)
    {
        var size = ImageFixtures.Decodable(name).GetProperty("size");
        return (size[0].GetInt32(), size[1].GetInt32());
    }

    private static async Task<long> SampledPixels(byte[] file)
    {
        using DecodedImage image = await Decode(file, _ => { });
        return image.Frames.Sum(frame => (long)frame.Width * frame.Height);
    }

    private static async Task Accepts(byte[] file, Action<ImageDecodeOptions> change) => (await Decode(file, change)).Dispose();

    private static async Task<string> TooLarge(byte[] file, Action<ImageDecodeOptions> change)
    {
        ImageRejectedException refusal = await Assert.ThrowsAsync<ImageRejectedException>(() => Decode(file, change));
        Assert.Equal(ImageRejectionReason.TooLarge, refusal.Reason);
        return refusal.Message;
    }

    private static async Task<DecodedImage> Decode(byte[] file, Action<ImageDecodeOptions> change)
    {
        ImageDecodeOptions options = ImageFixtures.Options;
        change(options);
        return await new SkiaImageDecoder().DecodeAsync(ImageSource.FromBytes(file), options, CancellationToken.None);
    }

    private sealed class SteppingClock(TimeSpan step) : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now += step.Ticks;
    }

    private sealed class CancellingClock(CancellationTokenSource cancellation) : TimeProvider
    {
        public override long GetTimestamp()
        {
            cancellation.Cancel();
            return base.GetTimestamp();
        }
    }
}

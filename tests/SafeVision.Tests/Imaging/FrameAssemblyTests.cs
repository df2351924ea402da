using SafeVision.Imaging;
using SkiaSharp;

namespace SafeVision.Tests.Imaging;

/// <summary>A decoder over another library gets from its frames what SafeVision's own makes of the file.</summary>
public sealed class FrameAssemblyTests
{
    private static readonly byte[] s_gamma = PngFile.Of(PngFile.Rgb, [.. Enumerable.Range(0, 32 * 3).Select(x => (byte)(x / 3 * 8))], 32, 32, PngFile.Gamma(20_000));

    public static TheoryData<string> Names =>
    [
        "src/png_rgba8_soft.png", "src/png_exif_orientation6.png", "src/jpeg_exif_8.jpg", "src/jpeg_icc_wide.jpg", "src/webp_alpha_lossless.webp", "src/bmp_p8.bmp",
        "../field/bmp-zero-alpha/bmp_v5_alpha0.bmp", "../field/alpha-mirage/mirage.png", "gamma",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void Frames_of_another_library_become_the_same_image(string name)
    {
        byte[] file = name == "gamma" ? s_gamma : ImageFixtures.Bytes(name);
        using DecodedImage expected = ImageFixtures.Decode(file);
        (int width, int height, byte[] rgba) = Stored(file);

        EncodedImage encoded = EncodedImage.Read(file, ImageFixtures.Options.Limits);
        using var assembly = new FrameAssembly(encoded, ImageFixtures.Options);
        assembly.Add(0, TimeSpan.Zero, width, height, rgba, frames: 1);
        using DecodedImage image = assembly.Build(frameCount: 1);

        Assert.Equal((expected.Format, expected.Width, expected.Height, 1), (image.Format, image.Width, image.Height, image.FrameCount));
        Assert.Equal((width, height, 1, true), (encoded.Width, encoded.Height, encoded.FrameCount, encoded.IsUniform));
        Assert.Equal(expected.Judged.Select(frame => frame.Rendering), image.Judged.Select(frame => frame.Rendering));
        foreach ((ImageFrame own, ImageFrame other) in expected.Judged.Zip(image.Judged))
        {
            Assert.Equal((own.Width, own.Height), (other.Width, other.Height));
            Assert.InRange(own.Pixels.ToArray().Zip(other.Pixels.ToArray(), (one, two) => Math.Abs(one - two)).Max(), 0, 1);
        }
    }

    [Fact]
    public void Headers_are_held_to_the_limits_and_scans_walked_before_a_pixel_is_decoded()
    {
        var limits = new ImageLimits { MaxPixels = 100 };
        Assert.Equal(ImageRejectionReason.TooLarge, Assert.Throws<ImageRejectedException>(() => EncodedImage.Read(s_gamma, limits)).Reason);
        byte[] jpeg = ImageFixtures.Bytes("src/jpeg_420_photo.jpg");
        Assert.Equal(ImageRejectionReason.Truncated, Assert.Throws<ImageRejectedException>(() => EncodedImage.Read(jpeg.AsMemory(0, jpeg.Length / 2), new ImageLimits())).Reason);
        Assert.False(EncodedImage.Read(ImageFixtures.Bytes("../field/tiff-subifd-thumbnail/subifd.dng"), new ImageLimits()).IsUniform);
    }

    [Fact]
    public void The_frames_to_judge_are_those_that_are_shown_longest_and_of_a_tiff_spread_evenly()
    {
        TimeSpan[] durations = [.. Enumerable.Range(0, 40).Select(frame => TimeSpan.FromMilliseconds(frame == 3 ? 60_000 : 20))];
        EncodedImage animation = EncodedImage.Read(ImageFixtures.Bytes("../field/animation-held-frame/held_frame.gif"), new ImageLimits());
        EncodedImage pages = EncodedImage.Read(ImageFixtures.Bytes("src/tiff_multipage.tif"), new ImageLimits());

        Assert.Equal(40, animation.FrameCount);
        Assert.Contains(3, animation.Choose(durations, 8));
        Assert.Equal([0, 20, 39], pages.Choose(durations, 3));
    }

    [Fact]
    public void What_was_not_built_is_given_back()
    {
        var assembly = new FrameAssembly(EncodedImage.Read(s_gamma, new ImageLimits()), new ImageDecodeOptions());
        assembly.Add(0, TimeSpan.Zero, 32, 32, new byte[32 * 32 * 4], frames: 1);
        assembly.Dispose();
        assembly.Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => assembly.Add(1, TimeSpan.Zero, 33, 32, new byte[32 * 32 * 4], frames: 1));
    }

    private static (int Width, int Height, byte[] Rgba) Stored(byte[] file)
    {
        using var data = SKData.CreateCopy(file);
        using SKCodec codec = SKCodec.Create(data);
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        Assert.Equal(SKCodecResult.Success, codec.GetPixels(info, out byte[] pixels));
        return (info.Width, info.Height, pixels);
    }
}

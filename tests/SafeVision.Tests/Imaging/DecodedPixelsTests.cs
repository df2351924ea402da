using System.Text.Json;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>All pictures that can be decoded, against what Pillow makes of them.</summary>
public sealed class DecodedPixelsTests
{
    public static TheoryData<string> Names => [.. ImageFixtures.DecodableNames];

    public static TheoryData<string> AnimatedNames => [.. ImageFixtures.DecodableNames.Where(name => Frames(name) > 1)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Equal_the_reference_on_white(string name)
    {
        JsonElement entry = ImageFixtures.Decodable(name);
        bool hasProfile = entry.GetProperty("references").TryGetProperty("srgb", out JsonElement profiled);
        JsonElement reference = hasProfile ? profiled : entry.GetProperty("references").GetProperty("white");
        int tolerance = hasProfile ? 2 : entry.GetProperty("tolerance").GetProperty("max_abs").GetInt32();

        using DecodedImage image = ImageFixtures.Decode(name);

        Assert.InRange(ImageFixtures.LargestDifference(image.Frames[0], reference.GetProperty("file").GetString()!), 0, tolerance);
        Assert.Equal(entry.GetProperty("format").GetString(), image.Format.ToString(), ignoreCase: true);
        Assert.Equal(entry.GetProperty("size")[0].GetInt32(), image.Width);
        Assert.Equal(entry.GetProperty("size")[1].GetInt32(), image.Height);
        Assert.Equal(Frames(name), image.FrameCount);
    }

    [Theory]
    [MemberData(nameof(AnimatedNames))]
    public void Of_every_frame_equal_the_composed_reference(string name)
    {
        using DecodedImage image = ImageFixtures.Decode(name);

        Assert.Equal(Frames(name), image.Frames.Count);
        foreach (ImageFrame frame in image.Frames)
        {
            Assert.Equal(0, ImageFixtures.LargestDifference(frame, name.Replace("src/", "ref/", StringComparison.Ordinal) + $".frame{frame.Index}.png"));
        }
    }

    [Theory]
    [MemberData(nameof(AnimatedNames))]
    public void Of_few_sampled_frames_equal_those_of_all(string name)
    {
        ImageDecodeOptions options = ImageFixtures.Options;
        options.MaxSampledFrames = 2;
        using DecodedImage all = ImageFixtures.Decode(name);

        using DecodedImage few = ImageFixtures.Decode(name, options);

        Assert.Equal([0, all.FrameCount - 1], few.Frames.Select(frame => frame.Index));
        Assert.Equal(all.Frames[^1].Pixels, few.Frames[^1].Pixels);
        Assert.Equal(all.Frames[^1].Timestamp, few.Frames[^1].Timestamp);
    }

    [Fact]
    public void Of_an_animation_come_with_the_times_at_which_they_are_shown()
    {
        using DecodedImage image = ImageFixtures.Decode("src/gif_animated_disposal2.gif");

        Assert.Equal([0, 100, 150, 350], image.Frames.Select(frame => frame.Timestamp.TotalMilliseconds));
    }

    [Fact]
    public void Show_the_background_asked_for_where_the_image_is_transparent()
    {
        ImageDecodeOptions options = ImageFixtures.Options;
        options.Background = new RgbColor(10, 20, 30);
        (int width, _, byte[] rgba) = ImageFixtures.Reference("src/png_rgba8_soft.png");

        using DecodedImage image = ImageFixtures.Decode("src/png_rgba8_soft.png", options);

        int pixel = (width * 40) + 17;
        Assert.InRange(rgba[(pixel * 4) + 3], 1, 254);
        Assert.Equal(ImageFixtures.PillowComposite(rgba[pixel * 4], rgba[(pixel * 4) + 3], 10), image.Frames[0].Pixels[pixel * 3]);
        Assert.Equal(ImageFixtures.PillowComposite(rgba[(pixel * 4) + 2], rgba[(pixel * 4) + 3], 30), image.Frames[0].Pixels[(pixel * 3) + 2]);
    }

    private static int Frames(string name) => ImageFixtures.Decodable(name).GetProperty("frames").GetInt32();
}

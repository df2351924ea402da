using System.Buffers.Binary;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Animated PNGs: browsers show all their frames, so all may be judged.</summary>
public sealed class AnimatedPngTests
{
    [Theory]
    [InlineData("blend", 4)]
    [InlineData("clear", 4)]
    [InlineData("takeback", 5)]
    [InlineData("apart", 3)]
    [InlineData("rgb", 3)]
    public void Every_frame_is_composed_as_the_standard_says(string name, int frames)
    {
        using DecodedImage image = ImageFixtures.Decode($"apng/{name}.png");

        Assert.Equal((ImageFormat.Png, 40, 30, frames), (image.Format, image.Width, image.Height, image.FrameCount));
        Assert.Equal(Enumerable.Range(0, frames), image.Frames.Select(frame => frame.Index));
        Assert.All(image.Frames, frame => Assert.InRange(ImageFixtures.LargestDifference(frame, $"apng/{name}.frame{frame.Index}.png"), 0, 1));
    }

    [Theory]
    [InlineData("blend", 2)]
    [InlineData("clear", 3)]
    [InlineData("takeback", 2)]
    [InlineData("takeback", 3)]
    [InlineData("takeback", 4)]
    [InlineData("rgb", 2)]
    public void Few_sampled_frames_are_those_of_all(string name, int most)
    {
        ImageDecodeOptions options = ImageFixtures.Options;
        options.MaxSampledFrames = most;
        using DecodedImage all = ImageFixtures.Decode($"apng/{name}.png");

        using DecodedImage few = ImageFixtures.Decode($"apng/{name}.png", options);

        Assert.Equal(most, few.Frames.Count);
        Assert.Equal(all.FrameCount - 1, few.Frames[^1].Index);
        Assert.All(few.Frames, frame => Assert.Equal(all.Frames[frame.Index].Pixels.ToArray(), frame.Pixels.ToArray()));
    }

    [Fact]
    public void A_default_picture_that_the_animation_leaves_out_is_looked_at_too()
    {
        using DecodedImage image = ImageFixtures.Decode("apng/apart.png");

        Assert.Equal([0, 0, 100], image.Frames.Select(frame => frame.Timestamp.TotalMilliseconds));
    }

    [Fact]
    public void Frames_are_counted_whatever_the_file_declares()
    {
        byte[] file = ImageFixtures.Bytes("apng/blend.png");
        int declared = file.AsSpan().IndexOf("acTL"u8) + 4;
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(declared), 1);
        using DecodedImage image = ImageFixtures.Decode(file);
        Assert.Equal(4, image.FrameCount);

        ImageDecodeOptions options = ImageFixtures.Options;
        options.Limits.MaxFrames = 3;
        Assert.Equal(ImageRejectionReason.TooLarge, Assert.Throws<ImageRejectedException>(() => ImageFixtures.Decode(file, options)).Reason);
    }

    [Theory]
    [InlineData(4, 41)] // width
    [InlineData(8, 0)] // height
    [InlineData(12, 35)] // left edge
    [InlineData(16, int.MinValue)] // top edge
    public void A_frame_that_is_not_within_the_canvas_is_corrupt(int field, int value)
    {
        byte[] file = ImageFixtures.Bytes("apng/blend.png");
        int second = file.AsSpan().LastIndexOf("fcTL"u8) + 4;
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(second + field), value);

        Assert.Equal(ImageRejectionReason.Corrupt, Assert.Throws<ImageRejectedException>(() => ImageFixtures.Decode(file)).Reason);
    }

    [Fact]
    public void Damaged_data_of_a_later_frame_are_not_passed_over()
    {
        byte[] file = ImageFixtures.Bytes("apng/blend.png");
        int data = file.AsSpan().LastIndexOf("fdAT"u8);
        file.AsSpan(data + 8, 40).Clear();

        ImageRejectedException refusal = Assert.Throws<ImageRejectedException>(() => ImageFixtures.Decode(file));

        Assert.True(refusal.Reason is ImageRejectionReason.Corrupt or ImageRejectionReason.Truncated, refusal.Message);
    }
}

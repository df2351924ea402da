using CsCheck;
using SafeVision.Imaging;
using SafeVision.Imaging.Formats;

namespace SafeVision.Tests.Imaging;

/// <summary>Of an animation some frames are judged; the worst of them decides, so what a viewer sees long, or sees change, must be among them.</summary>
public sealed class FrameSamplingTests
{
    private static readonly Gen<TimeSpan[]> s_durations = Gen.OneOf(
        Gen.Int[0, 60_000], Gen.Int[0, 200], Gen.Const(20)).Select(milliseconds => TimeSpan.FromMilliseconds(milliseconds)).Array[1, 600];

    [Fact]
    public void Samples_are_as_many_as_asked_for_or_as_there_are_and_differ() =>
        Gen.Select(s_durations, Gen.Int[1, 40]).Sample((durations, most) =>
        {
            int[] samples = Samples(durations, most);

            Assert.Equal(Math.Min(durations.Length, most), samples.Length);
            Assert.Equal(samples.Order().Distinct(), samples);
            Assert.All(samples, sample => Assert.InRange(sample, 0, durations.Length - 1));
        });

    [Fact]
    public void A_frame_that_is_shown_for_a_samples_share_of_the_time_is_always_among_them() =>
        Gen.Select(s_durations, Gen.Int[1, 40]).Sample((durations, most) =>
        {
            int[] samples = Samples(durations, most);

            double[] shown = [.. durations.Select(duration => duration.TotalMilliseconds <= 10 ? 100 : duration.TotalMilliseconds)];
            double share = shown.Sum() / most;
            Assert.All(Enumerable.Range(0, shown.Length).Where(frame => shown[frame] > share), frame => Assert.Contains(frame, samples));
        });

    [Theory]
    [InlineData(100, 2)]
    [InlineData(500, 8)]
    public void The_first_and_the_last_frame_are_among_them_where_none_is_held(int frames, int most)
    {
        int[] samples = Samples([.. Enumerable.Repeat(TimeSpan.FromMilliseconds(40), frames)], most);

        Assert.Equal(0, samples[0]);
        Assert.Equal(frames - 1, samples[^1]);
        Assert.InRange(samples.Zip(samples.Skip(1), (first, second) => second - first).Max(), 1, Math.Max(frames - 1, frames / most * 3));
    }

    [Fact]
    public void One_sample_is_the_frame_that_is_shown_longest_or_the_first()
    {
        Assert.Equal([0], Samples([.. Enumerable.Repeat(TimeSpan.FromMilliseconds(40), 100)], 1));
        Assert.Equal([7], Samples([.. Enumerable.Range(0, 20).Select(frame => TimeSpan.FromMilliseconds(frame == 7 ? 5000 : 40))], 1));
    }

    [Fact]
    public void A_frame_that_asks_for_no_time_gets_what_browsers_give_it()
    {
        TimeSpan[] durations = [.. Enumerable.Range(0, 100).Select(frame => TimeSpan.FromMilliseconds(frame is 50 or 51 ? 0 : 11))];
        Assert.Contains(50, Samples(durations, 14));
    }

    [Theory]
    [InlineData(40, 8)] // a slide held for most of the time, then short scenes
    [InlineData(300, 8)]
    public void Scenes_that_look_unlike_the_others_are_kept_even_if_each_is_short(int frames, int most)
    {
        int[] scenes = [frames / 3, frames / 2, frames - 3];
        FrameLook?[] looks = [.. Enumerable.Range(0, frames).Select(frame => Look(Array.IndexOf(scenes, frame) is >= 0 and var scene ? 40 + (scene * 60) : 255))];
        TimeSpan[] durations = [.. Enumerable.Range(0, frames).Select(frame => TimeSpan.FromMilliseconds(frame == 1 ? 60_000 : 20))];

        int[] samples = new FrameSampling(durations).Choose(looks, most);

        Assert.All(scenes, scene => Assert.Contains(scene, samples));
        Assert.Contains(1, samples);
    }

    [Theory]
    [InlineData("src/gif_animated_disposal3.gif", 3)]
    [InlineData("src/webp_animated.webp", 2)]
    [InlineData("src/tiff_multipage.tif", 2)]
    [InlineData("apng/takeback.png", 3)]
    public void Sampled_frames_of_all_formats_are_those_of_the_whole(string name, int most)
    {
        ImageDecodeOptions options = ImageFixtures.Options;
        options.MaxSampledFrames = most;
        using DecodedImage all = ImageFixtures.Decode(name);

        using DecodedImage sampled = ImageFixtures.Decode(name, options);

        Assert.Equal(most, sampled.Frames.Count);
        Assert.Equal(all.FrameCount, sampled.FrameCount);
        foreach (ImageFrame frame in sampled.Frames)
        {
            Assert.Equal(all.Frames[frame.Index].Pixels, frame.Pixels);
            Assert.Equal(all.Frames[frame.Index].Timestamp, frame.Timestamp);
        }
    }

    [Theory]
    [InlineData("apng")]
    [InlineData("webp")]
    public void A_held_frame_and_a_short_scene_of_its_own_are_decoded_in_all_formats(string format)
    {
        (byte, ushort)[] frames = [.. Enumerable.Range(0, 60).Select(frame => frame switch { 5 => ((byte)90, (ushort)60_000), 41 => ((byte)10, (ushort)20), _ => ((byte)(200 + (frame % 2)), (ushort)20) })];

        using DecodedImage image = ImageFixtures.Decode(AnimationFile.Of(format, frames));

        Assert.Equal((60, 8), (image.FrameCount, image.Frames.Count));
        Assert.Equal(90, image.Frames.Single(frame => frame.Index == 5).Pixels[0]);
        Assert.Equal(10, image.Frames.Single(frame => frame.Index == 41).Pixels[0]);
        Assert.Equal(TimeSpan.FromMilliseconds(60_000 + (40 * 20)), image.Frames.Single(frame => frame.Index == 41).Timestamp);
    }

    [Fact]
    public void The_frame_that_is_held_is_decoded()
    {
        using DecodedImage image = ImageFixtures.Decode("../field/animation-held-frame/held_frame.gif");

        Assert.Contains(3, image.Frames.Select(frame => frame.Index));
        Assert.Equal(8, image.Frames.Count);
    }

    private static int[] Samples(TimeSpan[] durations, int most) => new FrameSampling(durations).Choose(new FrameLook?[durations.Length], most);

    private static FrameLook Look(int gray) => FrameLook.At([.. Enumerable.Repeat((byte[])[(byte)gray, (byte)gray, (byte)gray, 255], 64 * 64).SelectMany(pixel => pixel)], 64, 64);
}

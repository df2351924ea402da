using CsCheck;
using SafeVision.Imaging;
using SafeVision.Imaging.Decoding;

namespace SafeVision.Tests.Imaging;

/// <summary>Of an animation some frames are looked at; the worst of them decides, so the choice must not leave a hiding place at an end.</summary>
public sealed class FrameSamplingTests
{
    [Fact]
    public void Samples_are_as_many_as_asked_for_or_as_there_are_and_differ() =>
        Gen.Select(Gen.Int[1, 5000], Gen.Int[1, 200]).Sample((frames, most) =>
        {
            int[] samples = Samples(frames, most);

            Assert.Equal(Math.Min(frames, most), samples.Length);
            Assert.Equal(samples.Order().Distinct(), samples);
            Assert.All(samples, sample => Assert.InRange(sample, 0, frames - 1));
        });

    [Fact]
    public void The_first_and_the_last_frame_are_among_them_and_gaps_are_even() =>
        Gen.Select(Gen.Int[2, 5000], Gen.Int[2, 200]).Sample((frames, most) =>
        {
            int[] samples = Samples(frames, most);

            Assert.Equal(0, samples[0]);
            Assert.Equal(frames - 1, samples[^1]);
            int[] gaps = [.. samples.Zip(samples.Skip(1), (first, second) => second - first)];
            Assert.InRange(gaps.Max() - gaps.Min(), 0, 1);
        });

    [Fact]
    public void One_sample_is_the_first_frame() => Assert.Equal([0], Samples(100, 1));

    [Theory]
    [InlineData("src/gif_animated_disposal3.gif", 3)]
    [InlineData("src/webp_animated.webp", 2)]
    [InlineData("src/tiff_multipage.tif", 2)]
    public void A_decoded_animation_has_the_sampled_frames_of_all_formats(string name, int most)
    {
        ImageDecodeOptions options = ImageFixtures.Options;
        options.MaxSampledFrames = most;
        using DecodedImage all = ImageFixtures.Decode(name);

        using DecodedImage sampled = ImageFixtures.Decode(name, options);

        Assert.Equal(Samples(all.FrameCount, most), sampled.Frames.Select(frame => frame.Index));
        Assert.Equal(all.FrameCount, sampled.FrameCount);
        foreach (ImageFrame frame in sampled.Frames)
        {
            Assert.Equal(all.Frames[frame.Index].Pixels, frame.Pixels);
        }
    }

    private static int[] Samples(int frames, int most)
    {
        int count = FrameSampling.Count(frames, most);
        return [.. Enumerable.Range(0, count).Select(sample => FrameSampling.IndexOf(sample, count, frames))];
    }
}

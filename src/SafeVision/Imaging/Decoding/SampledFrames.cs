using SafeVision.Imaging.Formats;

namespace SafeVision.Imaging.Decoding;

/// <summary>Takes the sampled frames of an animation: upright, on the background, with the times at which they are shown.</summary>
internal static class SampledFrames
{
    // Looking for frames to choose costs at most twice as many pixels as the largest image has.
    private const int MostLooks = 2;

    public static DecodedImage Decode<TComposer>(ref TComposer composer, ImageFormat format, ImageHeader canvas, ImageDecodeOptions options)
        where TComposer : IFrameComposer, allows ref struct
    {
        int[] chosen = Choose(ref composer, canvas, options);
        FrameScale scale = FrameScale.For(format, canvas.Width, canvas.Height, chosen.Length, options);
        var writer = new UprightWriter(canvas.Width, canvas.Height, canvas.Orientation, options.Background ?? RgbColor.White);
        var frames = new List<ImageFrame>(chosen.Length);
        List<ImageFrame>? others = null;
        try
        {
            var timestamp = TimeSpan.Zero;
            for (int sample = 0, counted = 0; sample < chosen.Length && !composer.IsCut; sample++)
            {
                int index = chosen[sample];
                for (; counted < index; counted++)
                {
                    timestamp += composer.DurationOf(counted);
                }

                PixelBuffer shown = composer.Compose(index);
                PixelBuffer pixels = PixelBuffer.Rent(writer.Width * writer.Height * 3);
                writer.Write(shown.Span, canvas.Width * 4, 0, pixels.Span);
                var place = new FramePlace(index, timestamp, writer.Width, writer.Height);
                frames.Add(scale.Reduce(place, pixels));
                OtherRenderings.AddGrounds(
                    ref others, place, shown.Span, canvas.Width * 4, (canvas.Width, canvas.Height), canvas.CanIgnoreAlpha, chosen.Length, options,
                    (ground, rgb) => new UprightWriter(canvas.Width, canvas.Height, canvas.Orientation, ground).Write(shown.Span, canvas.Width * 4, 0, rgb));
            }

            return new DecodedImage(format, writer.Width, writer.Height, composer.Frames, frames, others);
        }
        catch
        {
            frames.ForEach(frame => frame.Release());
            others?.ForEach(frame => frame.Release());
            throw;
        }
    }

    private static int[] Choose<TComposer>(ref TComposer composer, ImageHeader canvas, ImageDecodeOptions options)
        where TComposer : IFrameComposer, allows ref struct
    {
        int frames = composer.Frames;
        if (frames <= options.MaxSampledFrames)
        {
            return [.. Enumerable.Range(0, frames)];
        }

        var durations = new TimeSpan[frames];
        for (int i = 0; i < frames; i++)
        {
            durations[i] = composer.DurationOf(i);
        }

        // Where not all can be looked at, those are that are shown at even intervals.
        var sampling = new FrameSampling(durations);
        long affordable = MostLooks * options.Limits.MaxPixels / ((long)canvas.Width * canvas.Height);
        var looks = new FrameLook?[frames];
        foreach (int index in sampling.Even((int)Math.Min(affordable, frames)))
        {
            looks[index] = FrameLook.At(composer.Compose(index).Span, canvas.Width, canvas.Height);
            if (composer.IsCut)
            {
                frames = index + 1;
                break;
            }
        }

        composer.Rewind();
        return frames < durations.Length
            ? new FrameSampling(durations[..frames]).Choose(looks, options.MaxSampledFrames)
            : sampling.Choose(looks, options.MaxSampledFrames);
    }
}

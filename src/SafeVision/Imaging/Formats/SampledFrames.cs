namespace SafeVision.Imaging.Formats;

/// <summary>Takes the sampled frames of an animation: upright, on the background, with the times at which they are shown.</summary>
internal static class SampledFrames
{
    // Composing all frames to look at them costs no more than this many of the largest images, and half of what may be drawn.
    // Where it would, frames are chosen by time alone.
    private const int MostLooks = 4;

    public static DecodedImage Decode<TComposer>(ref TComposer composer, ImageFormat format, ImageHeader canvas, ImageDecodeOptions options)
        where TComposer : IFrameComposer, allows ref struct
    {
        int[] chosen = Choose(ref composer, canvas, options);
        FrameScale scale = FrameScale.For(format, canvas.Width, canvas.Height, chosen.Length, options);
        CheckDrawn(ref composer, format, chosen, options.Limits);
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
                var stored = new StoredPixels(shown.Span, canvas.Width * 4, canvas.Width, canvas.Height, canvas.Orientation);
                frames.Add(scale.Render(index, timestamp, stored, options.Background ?? RgbColor.White));
                OtherRenderings.AddGrounds(ref others, index, timestamp, stored, canvas.CanIgnoreAlpha, chosen.Length, options);
            }

            (int width, int height) = UprightWriter.Swaps(canvas.Orientation) ? (canvas.Height, canvas.Width) : (canvas.Width, canvas.Height);
            return new DecodedImage(format, width, height, composer.Frames, frames, others);
        }
        catch
        {
            frames.ForEach(frame => frame.Release());
            others?.ForEach(frame => frame.Release());
            throw;
        }
    }

    // A small file can make every frame as large as the canvas and have it build on all frames before it.
    private static void CheckDrawn<TComposer>(ref TComposer composer, ImageFormat format, int[] chosen, ImageLimits limits)
        where TComposer : IFrameComposer, allows ref struct
    {
        long pixels = FrameOrder.PixelsFor(ref composer, chosen), most = composer.MostDrawn * limits.MaxPixels;
        if (pixels > most)
        {
            throw ImageRejectedException.TooLarge(
                format,
                $"{chosen.Length} sampled frames and those they build on have {pixels} pixels; the limit is {most}, {composer.MostDrawn} times ImageLimits.MaxPixels (fewer ImageDecodeOptions.MaxSampledFrames may take less)");
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

        var looks = new FrameLook?[frames];
        long most = options.Limits.MaxPixels;
        if ((long)frames * canvas.Width * canvas.Height > MostLooks * most
            || 2 * FrameOrder.PixelsFor(ref composer, Enumerable.Range(0, frames)) > composer.MostDrawn * most)
        {
            return new FrameSampling(durations).Choose(looks, options.MaxSampledFrames);
        }

        for (int index = 0; index < frames; index++)
        {
            looks[index] = FrameLook.At(composer.Compose(index).Span, canvas.Width, canvas.Height);
            frames = composer.IsCut ? index + 1 : frames;
        }

        composer.Rewind();
        return new FrameSampling(durations[..frames]).Choose(looks, options.MaxSampledFrames);
    }
}

namespace SafeVision.Imaging.Formats;

/// <summary>Takes the sampled frames of an animation: upright, on the background, with the times at which they are shown.</summary>
internal static class SampledFrames
{
    // Composing all frames to look at them costs no more than this many of the largest images. Where it would, frames are
    // chosen by time alone.
    private const int MostLooks = 4;

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
                OtherRenderings.AddGrounds(ref others, place, shown, (canvas.Width, canvas.Height), canvas.Orientation, canvas.CanIgnoreAlpha, chosen.Length, options);
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

        var looks = new FrameLook?[frames];
        if ((long)frames * canvas.Width * canvas.Height > MostLooks * options.Limits.MaxPixels)
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

/// <summary>Composes the frames of an animation on its canvas.</summary>
internal interface IFrameComposer
{
    /// <summary>Frames in the file.</summary>
    int Frames { get; }

    /// <summary>Whether the file ended within the frame composed last, which then is the last.</summary>
    bool IsCut { get; }

    /// <summary>How long a frame is shown.</summary>
    TimeSpan DurationOf(int frame);

    /// <summary>Composes a frame, later than all composed before, and lends the canvas: RGBA with straight alpha.</summary>
    PixelBuffer Compose(int target);

    /// <summary>Goes back to before the first frame.</summary>
    void Rewind();
}

/// <summary>Keeps the sampled frames of one animation within <see cref="ImageLimits.MaxPixels"/> in sum, by halving them as often
/// as the models' target size allows.</summary>
internal readonly struct FrameScale
{
    private readonly int _factor;

    private FrameScale(int factor) => _factor = factor;

    /// <exception cref="ImageRejectedException">The frames are too many and too large together.</exception>
    public static FrameScale For(ImageFormat format, int width, int height, int samples, ImageDecodeOptions options)
    {
        long most = options.Limits.MaxPixels;
        int factor = 1;
        while (Sum(factor) > most)
        {
            factor *= 2;
            if (options.TargetShortSide is not { } side || Math.Min(width, height) / factor < 2L * side)
            {
                throw ImageRejectedException.TooLarge(
                    format,
                    $"{samples} sampled frames of {width}x{height} are {Sum(1)} pixels; the limit is {most} (ImageLimits.MaxPixels; fewer ImageDecodeOptions.MaxSampledFrames or a TargetShortSide take less)");
            }
        }

        return new FrameScale(factor);

        long Sum(int factor) => (long)(width / factor) * (height / factor) * samples;
    }

    /// <summary>For a frame that is only for models: no larger than they need, and few of them as large as one image.</summary>
    public static FrameScale ForOther(int width, int height, ImageDecodeOptions options)
    {
        int factor = 1;
        while (((long)(width / factor) * (height / factor) > options.Limits.MaxPixels / OtherRenderings.Most(options) && Math.Min(width, height) / factor > 1)
            || (options.TargetShortSide is { } side && Math.Min(width, height) / (factor * 2) >= 2L * side))
        {
            factor *= 2;
        }

        return new FrameScale(factor);
    }

    /// <summary>Makes a frame of the pixels, each the mean of a square of them. Takes the buffer over.</summary>
    public ImageFrame Reduce(in FramePlace place, PixelBuffer pixels, ImageRendering rendering = ImageRendering.Default)
    {
        (int width, int height) = (place.Width, place.Height);
        if (_factor == 1)
        {
            return new ImageFrame(place.Index, place.Timestamp, width, height, pixels) { Rendering = rendering };
        }

        (int columns, int rows) = (width / _factor, height / _factor);
        PixelBuffer reduced = PixelBuffer.Rent(columns * rows * 3);
        for (int y = 0; y < rows; y++)
        {
            ReduceRow(pixels.Span.Slice(y * _factor * width * 3, _factor * width * 3), width * 3, reduced.Span.Slice(y * columns * 3, columns * 3));
        }

        ((IDisposable)pixels).Dispose();
        return new ImageFrame(place.Index, place.Timestamp, columns, rows, reduced) { Rendering = rendering };
    }

    private void ReduceRow(ReadOnlySpan<byte> source, int stride, Span<byte> target)
    {
        int count = _factor * _factor;
        for (int i = 0; i < target.Length; i++)
        {
            int sum = count / 2;
            int start = (i / 3 * _factor * 3) + (i % 3);
            for (int row = 0; row < _factor; row++)
            {
                for (int column = 0; column < _factor; column++)
                {
                    sum += source[start + (row * stride) + (column * 3)];
                }
            }

            target[i] = (byte)(sum / count);
        }
    }
}

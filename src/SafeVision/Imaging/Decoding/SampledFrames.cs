using SafeVision.Imaging.Formats;

namespace SafeVision.Imaging.Decoding;

/// <summary>Takes the sampled frames of an animation: upright, on the background, with the times at which they are shown.</summary>
internal static class SampledFrames
{
    public static DecodedImage Decode<TComposer>(ref TComposer composer, ImageFormat format, ImageHeader canvas, ImageDecodeOptions options)
        where TComposer : IFrameComposer, allows ref struct
    {
        int samples = FrameSampling.Count(composer.Frames, options.MaxSampledFrames);
        FrameScale scale = FrameScale.For(format, canvas.Width, canvas.Height, samples, options);
        var writer = new UprightWriter(canvas.Width, canvas.Height, canvas.Orientation, options.Background);
        var frames = new List<ImageFrame>(samples);
        try
        {
            var timestamp = TimeSpan.Zero;
            for (int sample = 0, counted = 0; sample < samples && !composer.IsCut; sample++)
            {
                int index = FrameSampling.IndexOf(sample, samples, composer.Frames);
                for (; counted < index; counted++)
                {
                    timestamp += composer.DurationOf(counted);
                }

                PixelBuffer shown = composer.Compose(index);
                PixelBuffer pixels = PixelBuffer.Rent(writer.Width * writer.Height * 3);
                writer.Write(shown.Span, canvas.Width * 4, 0, pixels.Span);
                frames.Add(scale.Reduce(index, timestamp, writer.Width, writer.Height, pixels));
            }

            return new DecodedImage(format, writer.Width, writer.Height, composer.Frames, frames);
        }
        catch
        {
            frames.ForEach(frame => frame.Release());
            throw;
        }
    }
}
